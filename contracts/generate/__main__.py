"""Command line: `python -m contracts.generate [--check | --release]`."""

import argparse
import sys
from pathlib import Path

from contracts.generate.files import ContractFiles


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 drift or an incompatible change (each named on stderr)."""
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description="JSON Schemas, AsyncAPI and compatibility of events.")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="write nothing; fail if something committed is not what the classes say")
    modes.add_argument("--release", action="store_true", help="freeze the present schemas as released and add golden messages")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the directory of schemas, released and golden")
    options = parser.parse_args(arguments)
    files = ContractFiles(options.root)
    findings = files.incompatible()
    if options.check:
        findings += files.drift()
    else:
        files.write()
        if options.release and not findings:
            for name in files.release():
                print(f"released {name}")
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
