"""What the plugin costs, measured against bare pytest in the same run: `./run bench`."""
