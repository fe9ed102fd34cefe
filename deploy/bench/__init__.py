"""Speed and memory, measured beside bare drivers on the same servers in the same run. Ratios, never timed tests."""
