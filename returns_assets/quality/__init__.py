"""What is expected of the datasets: a table of expectations, the slices they read, their runner, and the gate that they form."""
