"""What the documentation takes from the code: reference pages, pictures, and the pages as Sphinx wants them."""
