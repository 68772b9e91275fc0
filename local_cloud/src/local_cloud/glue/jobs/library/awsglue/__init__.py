"""Stand in for the part of AWS Glue's Python library that a PySpark job needs: options, context, dynamic frames, job."""
