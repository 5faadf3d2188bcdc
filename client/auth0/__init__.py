"""Every line that speaks to Auth0."""
