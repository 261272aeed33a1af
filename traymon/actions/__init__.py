"""Does what the user asks for, whatever surface they use. Decides nothing about what is shown."""
