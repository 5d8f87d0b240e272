"""What accumulates on a disk, and what may be wrong with an installation."""
