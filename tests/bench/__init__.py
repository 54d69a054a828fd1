"""Speed, memory and start, each beside the bare limit measured in the same run. `make bench`."""
