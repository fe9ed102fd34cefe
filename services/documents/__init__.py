"""Whether a file is acceptable: uploads, immutable file versions, checks, verdicts, access to files."""
