"""Work that is split into tasks: one seam for processes of this machine and for clusters."""
