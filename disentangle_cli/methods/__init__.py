"""Selection methods: one file each, found by :data:`~disentangle_cli.selection.METHODS`."""
