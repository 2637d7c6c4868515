"""Who should answer: embeddings, skills, evidence, competence, recruiting."""
