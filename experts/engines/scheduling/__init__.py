"""Who serves what when: a plan for many bases on few engines. Pure."""
