"""Send probe orders through the chain, to prove that earlier changes have arrived."""
