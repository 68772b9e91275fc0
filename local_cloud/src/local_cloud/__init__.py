"""The laptop's AWS: one endpoint on loopback that speaks the AWS wire protocols of this pipeline."""
