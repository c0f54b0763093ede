"""The twins: the world at the far end of every driver, with the physics that matters."""
