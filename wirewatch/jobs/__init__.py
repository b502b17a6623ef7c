"""The same steps as jobs, over any number of processes: workers do them, a scheduler hands them out."""
