"""Define every resource of the topology as AWS's create request; pure functions of the topology.

Each function returns the arguments of the boto3 call that its docstring names. Values may hold Jinja (the account, an ARN that
another task found), which Airflow renders when the task runs.
"""
