"""What the audit reads from files: claims, documents, target descriptions."""
