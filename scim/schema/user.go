package schema

// User returns a fresh copy of the core User schema (RFC 7643 §4.1, §8.7.1).
func User() *Schema {
	return &Schema{ID: UserURN, Name: "User", Description: "User Account", Attributes: []*Attribute{
		text("userName", "Unique identifier for the User, typically used by the user to directly authenticate to the service provider.",
			required, unique(UniqueServer)),
		complexOf("name", "The components of the user's real name.", []*Attribute{
			text("formatted", "The full name, including all middle names, titles, and suffixes as appropriate, formatted for display."),
			text("familyName", "The family name of the User, or last name in most Western languages."),
			text("givenName", "The given name of the User, or first name in most Western languages."),
			text("middleName", "The middle name(s) of the User."),
			text("honorificPrefix", "The honorific prefix(es) of the User, or title in most Western languages."),
			text("honorificSuffix", "The honorific suffix(es) of the User, or suffix in most Western languages."),
		}),
		text("displayName", "The name of the User, suitable for display to end-users."),
		text("nickName", "The casual way to address the user in real life."),
		reference("profileUrl", "A fully qualified URL pointing to a page representing the User's online profile.", []string{"external"}),
		text("title", "The user's title, such as \"Vice President\"."),
		text("userType", "Used to identify the relationship between the organization and the user."),
		text("preferredLanguage", "Indicates the User's preferred written or spoken language."),
		text("locale", "Used to indicate the User's default location for purposes of localizing items such as currency, date time format, "+
			"or numerical representations."),
		text("timezone", "The User's time zone in the 'Olson' time zone database format, e.g., 'America/Los_Angeles'."),
		boolean("active", "A Boolean value indicating the User's administrative status."),
		text("password", "The User's cleartext password.", writeOnly),

		plural("emails", "Email addresses for the user.", text("value", "Email addresses for the user."), "work", "home", "other"),
		plural("phoneNumbers", "Phone numbers for the User.", text("value", "Phone number of the User."),
			"work", "home", "mobile", "fax", "pager", "other"),
		plural("ims", "Instant messaging addresses for the User.", text("value", "Instant messaging address for the User."),
			"aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
		plural("photos", "URLs of photos of the User.", reference("value", "URL of a photo of the User.", []string{"external"}),
			"photo", "thumbnail"),
		complexOf("addresses", "A physical mailing address for this User.", []*Attribute{
			text("formatted", "The full mailing address, formatted for display or use with a mailing label."),
			text("streetAddress", "The full street address component, which may include house number, street name, P.O. box, "+
				"and multi-line extended street address information."),
			text("locality", "The city or locality component."),
			text("region", "The state or region component."),
			text("postalCode", "The zip code or postal code component."),
			text("country", "The country name component."),
			text("type", "A label indicating the attribute's function, e.g., 'work' or 'home'.", canonical("work", "home", "other")),
			// §8.7.1 leaves it out; §2.4 gives it to every multi-valued attribute, and §8.2 prints it.
			boolean("primary", "A Boolean value indicating the preferred address."),
		}, multi),
		complexOf("groups", "A list of groups to which the user belongs, either through direct membership, through nested groups, "+
			"or dynamically calculated.", []*Attribute{
			text("value", "The identifier of the User's group.", readOnly, exact),
			reference("$ref", "The URI of the corresponding 'Group' resource to which the user belongs.",
				[]string{"User", "Group"}, readOnly),
			text("display", "A human-readable name, primarily used for display purposes.", readOnly),
			text("type", "A label indicating the attribute's function, e.g., 'direct' or 'indirect'.",
				readOnly, canonical("direct", "indirect")),
		}, multi, readOnly),
		plural("entitlements", "A list of entitlements for the User that represent a thing the User has.",
			text("value", "The value of an entitlement.")),
		plural("roles", "A list of roles for the User that collectively represent who the User is.", text("value", "The value of a role.")),
		plural("x509Certificates", "A list of certificates issued to the User.",
			value(Binary, "value", "The value of an X.509 certificate.", exact)),
	}}
}

// plural is a multi-valued attribute with the default sub-attributes of RFC 7643 §2.4.
func plural(name, description string, value *Attribute, types ...string) *Attribute {
	return complexOf(name, description, []*Attribute{
		value,
		text("display", "A human-readable name, primarily used for display purposes."),
		text("type", "A label indicating the attribute's function.", canonical(types...)),
		boolean("primary", "A Boolean value indicating the 'primary' or preferred attribute value for this attribute."),
	}, multi)
}

// EnterpriseUser returns a fresh copy of the enterprise User extension (RFC 7643 §4.3, §8.7.1).
func EnterpriseUser() *Schema {
	return &Schema{ID: EnterpriseURN, Name: "EnterpriseUser", Description: "Enterprise User", Attributes: []*Attribute{
		text("employeeNumber", "Numeric or alphanumeric identifier assigned to a person, typically based on order of hire or association "+
			"with an organization."),
		text("costCenter", "Identifies the name of a cost center."),
		text("organization", "Identifies the name of an organization."),
		text("division", "Identifies the name of a division."),
		text("department", "Identifies the name of a department."),
		complexOf("manager", "The User's manager.", []*Attribute{
			text("value", "The id of the SCIM resource representing the User's manager.", exact),
			reference("$ref", "The URI of the SCIM resource representing the User's manager.", []string{"User"}),
			text("displayName", "The displayName of the User's manager.", readOnly),
		}),
	}}
}
