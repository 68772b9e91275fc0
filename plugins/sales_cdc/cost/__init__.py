"""Forecast what changes cost on AWS, and which limit a rate of changes meets first."""
