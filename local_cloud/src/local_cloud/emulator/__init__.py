"""What MiniStack itself lacks, added inside the gateway process, beside its modules."""
