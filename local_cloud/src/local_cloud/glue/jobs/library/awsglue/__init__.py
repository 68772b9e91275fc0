"""The part of AWS Glue's Python library that a PySpark job needs to run outside Glue: options, context, job."""
