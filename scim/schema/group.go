package schema

// Group returns a fresh copy of the core Group schema (RFC 7643 §4.2, §8.7.1).
func Group() *Schema {
	return &Schema{ID: GroupURN, Name: "Group", Description: "Group", Attributes: []*Attribute{
		text("displayName", "A human-readable name for the Group.", required),
		complexOf("members", "A list of members of the Group.", []*Attribute{
			text("value", "Identifier of the member of this Group.", immutable, exact),
			reference("$ref", "The URI corresponding to a SCIM resource that is a member of this Group.",
				[]string{"User", "Group"}, immutable),
			text("type", "A label indicating the type of resource, e.g., 'User' or 'Group'.", immutable, canonical("User", "Group")),
			// §8.7.1 leaves it out, the example of §8.4 prints it. It is the member's own name, so a client cannot set it.
			text("display", "A human-readable name of the member.", readOnly),
		}, multi),
	}}
}
