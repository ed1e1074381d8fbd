"""One finished audit in many shapes. Reports read; they never observe."""
