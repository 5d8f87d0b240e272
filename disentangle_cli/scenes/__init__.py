"""Pictures drawn from geometry: meshes, a camera, a z-buffer; a teapot, a room.

All arithmetic is element by element in a fixed order, so that a picture is the same on every machine.
"""
