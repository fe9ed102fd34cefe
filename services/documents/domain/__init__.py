"""What documents decides, without I/O: rules per type, verdicts, file versions, holds of applications."""
