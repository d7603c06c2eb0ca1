"""Attachments to text, one file per family of formats."""
