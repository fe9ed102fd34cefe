"""The tools of the contracts, no part of any running service: JSON Schemas, the AsyncAPI document, the compatibility gate.

`python -m contracts.generate` writes what is generated and refuses incompatible changes of what is released;
`--check` writes nothing and fails on drift; `--release` freezes the present schemas and adds golden messages.
"""
