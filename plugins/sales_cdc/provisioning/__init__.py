"""Create, update and remove the pipeline's AWS resources."""
