"""The shipped binary against real kills, full disks, stalls and lost writes: see ../run."""
