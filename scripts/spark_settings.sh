# Sourced by the scripts that run a Spark for tests and demos: what each such Spark is told.

# Its statements are many and their rows few: no code is generated and nothing is planned anew while it runs, both of
# which cost more than they bring there; and a statement is as few jobs of as few tasks as can be. What
# sessions and tables leave in memory goes soon: hundreds of small lakes pass by.
small_spark_settings() { # SCRATCH FOLDER, WAREHOUSE FOLDER
  cat <<PROPERTIES
spark.ui.enabled                                            false
spark.local.dir                                             $1
spark.sql.warehouse.dir                                     $2
spark.sql.extensions                                        io.delta.sql.DeltaSparkSessionExtension
spark.sql.catalog.spark_catalog                             org.apache.spark.sql.delta.catalog.DeltaCatalog
spark.sql.session.timeZone                                  UTC
spark.sql.adaptive.enabled                                  false
spark.sql.codegen.factoryMode                               NO_CODEGEN
spark.sql.codegen.wholeStage                                false
spark.sql.shuffle.partitions                                1
spark.sql.sources.parallelPartitionDiscovery.parallelism    1
spark.databricks.delta.snapshotPartitions                   1
spark.databricks.delta.delta.log.cacheSize                  100
spark.databricks.delta.delta.log.cacheRetentionMinutes      2
spark.connect.session.planCache.enabled                     false
spark.connect.session.manager.defaultSessionTimeout         15m
PROPERTIES
}
