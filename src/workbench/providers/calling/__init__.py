"""How a model is asked: LiteLLM behind one port, its kinds of providers, its errors made ours."""
