"""Spark over the Connect server whose address is in QLAKE_SPARK_ADDRESS, and rows as `qlake sql --format json` writes them."""
import base64
import datetime
import decimal
import os
import time
import warnings

# Spark gives moments in the zone of this process.
os.environ["TZ"] = "UTC"
time.tzset()
warnings.filterwarnings("ignore", category=FutureWarning)

from pyspark.sql import SparkSession, types  # noqa: E402


def connect():
    return SparkSession.builder.remote(os.environ["QLAKE_SPARK_ADDRESS"]).create()


def as_json(value, type_):
    if value is None:
        return None
    if isinstance(type_, types.StructType):
        return {field.name: as_json(value[field.name], field.dataType) for field in type_}
    if isinstance(type_, types.ArrayType):
        return [as_json(item, type_.elementType) for item in value]
    if isinstance(type_, types.MapType):
        return [{"key": as_json(k, type_.keyType), "value": as_json(v, type_.valueType)} for k, v in value.items()]
    if isinstance(type_, types.LongType):
        return str(value)
    if isinstance(type_, types.DecimalType):
        return format(value.quantize(decimal.Decimal(1).scaleb(-type_.scale)), "f")
    if isinstance(type_, types.TimestampType):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(type_, types.TimestampNTZType):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    return value


def read_table(spark, folder, version=None):
    options = {} if version is None else {"versionAsOf": version}
    frame = spark.read.format("delta").options(**options).load(str(folder))
    schema = frame.schema
    return [as_json(row, schema) for row in frame.collect()]
