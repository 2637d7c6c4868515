"""Files of questions that are answered behind those who wait: nothing lost, nothing twice."""
