"""A turn of conversation: the prompt is stored, a provider answers, the reply is stored as it comes."""
