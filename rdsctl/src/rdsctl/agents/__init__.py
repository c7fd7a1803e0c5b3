"""What `rdsctl mcp` serves: the API as tools of the Model Context Protocol."""
