"""What every resource of the topology is made of: AWS's create requests, as pure functions of the topology.

Each function returns the arguments of one boto3 call, named in its docstring; that call's API reference explains them.
Values may carry Jinja (the account, an ARN that another task found), rendered when the task runs.
"""
