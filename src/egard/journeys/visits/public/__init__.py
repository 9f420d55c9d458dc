"""The pages on which somebody books a visit and changes her own: openly, in her own space, or within another site."""
