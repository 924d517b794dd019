"""Lets another engine write our tables without changing what they say: files are folded, rows rewritten, checkpoints made.

rewrite_tables.py deltalake|spark TABLE_FOLDER=[KEY,...]...     the keys tell the table's rows apart; without them no row is rewritten
"""
import sys


def rewrite_with_deltalake(tables):
    import deltalake

    for folder, keys in tables:
        table = deltalake.DeltaTable(folder)
        table.optimize.compact()
        if keys:
            rows = deltalake.QueryBuilder().register("t", table).execute("SELECT * FROM t")
            same_row = " AND ".join(f"(t.{key} IS NOT DISTINCT FROM s.{key})" for key in keys)
            merge = table.merge(rows, same_row, source_alias="s", target_alias="t")
            merge.when_matched_update_all().when_not_matched_insert_all().execute()
            table.update(updates={keys[0]: keys[0]}, predicate=f"{keys[0]} IS NOT NULL")
            table.delete(f"{keys[0]} IS NULL")
        table.create_checkpoint()


def rewrite_with_spark(tables):
    import spark_rows

    spark = spark_rows.connect()
    for folder, keys in tables:
        table = f"delta.`{folder}`"
        spark.sql(f"OPTIMIZE {table}").collect()
        if keys:
            same_row = " AND ".join(f"t.{key} <=> s.{key}" for key in keys)
            spark.sql(
                f"MERGE INTO {table} t USING (SELECT * FROM {table}) s ON {same_row} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
            ).collect()
            spark.sql(f"UPDATE {table} SET {keys[0]} = {keys[0]} WHERE {keys[0]} IS NOT NULL").collect()
        # Every commit makes a checkpoint then.
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.checkpointInterval' = '1')").collect()
        spark.sql(f"ALTER TABLE {table} UNSET TBLPROPERTIES ('delta.checkpointInterval')").collect()


def main():
    engine, *arguments = sys.argv[1:]
    tables = [(folder, [key for key in keys.split(",") if key]) for folder, keys in (argument.rsplit("=", 1) for argument in arguments)]
    {"deltalake": rewrite_with_deltalake, "spark": rewrite_with_spark}[engine](tables)


if __name__ == "__main__":
    main()
