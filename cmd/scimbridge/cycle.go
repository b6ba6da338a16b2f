package main

import "net/http"

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	// Entra frees a deleted user's name by putting the object id before it.
	leaver = "283405f5aa11bb22cc33dd44ee55ff66mara.lind@contoso.example"

	disable = `{"op":"Replace","path":"active","value":"False"}`
	enable  = `{"op":"Replace","path":"active","value":"True"}`
)

// cycle is what Entra sends: the connection test, the initial cycle, changes in both of its PATCH dialects, and a leaver's way.
var cycle = []step{
	{
		says: "Test Connection: a filter on a random value finds nobody", method: "GET",
		path:   query("/Users", `userName eq "5e1f8a2c-64b6-4a2e-9df1-3f1b7a1c0d11"`, ""),
		status: http.StatusOK, holds: total(0), silent: true,
	},
	{says: "Schema discovery", method: "GET", path: "/Schemas", status: http.StatusOK, holds: total(3), silent: true},

	{
		says: "Match: is the user there already?", method: "GET",
		path: query("/Users", `userName eq "mara.lind@contoso.example"`, ""), status: http.StatusOK, holds: total(0), silent: true,
	},
	{
		says: "Create the user", method: "POST", path: "/Users", status: http.StatusCreated, keep: "mara", holds: shows("active", true),
		body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `"],"externalId":"mara.lind",` +
			`"userName":"mara.lind@contoso.example","active":true,"displayName":"Mara Lind","meta":{"resourceType":"User"},` +
			`"emails":[{"primary":true,"type":"work","value":"mara.lind@contoso.example"}],` +
			`"name":{"formatted":"Mara Lind","familyName":"Lind","givenName":"Mara"},"title":"Analyst","roles":[],` +
			`"` + enterprise + `":{"employeeNumber":"70198","department":"Ops"}}`,
	},
	{
		says: "Match: is her manager?", method: "GET",
		path: query("/Users", `userName eq "noor.haan@contoso.example"`, ""), status: http.StatusOK, holds: total(0), silent: true,
	},
	{
		says: "Create her manager", method: "POST", path: "/Users", status: http.StatusCreated, keep: "noor",
		body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"noor.haan","userName":"noor.haan@contoso.example",` +
			`"active":true,"displayName":"Noor Haan","name":{"familyName":"Haan","givenName":"Noor"}}`,
	},
	{
		says: "A retry of the create is a conflict", method: "POST", path: "/Users",
		status: http.StatusConflict, holds: shows("scimType", "uniqueness"), silent: true,
		body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"NOOR.haan@contoso.example",` +
			`"name":{"familyName":"Haan"}}`,
	},

	{
		says: "Update, default dialect: one operation for each attribute", method: "PATCH", path: "/Users/{mara}",
		status: http.StatusOK, holds: shows("displayName", "Mara Lind-Oke"),
		body: patch(`{"op":"Replace","path":"displayName","value":"Mara Lind-Oke"}`,
			`{"op":"Replace","path":"name.familyName","value":"Lind-Oke"}`,
			`{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"55501003"}`,
			`{"op":"Add","path":"`+enterprise+`:department","value":"Sales"}`),
	},
	{
		says: "Update, aadOptscim062020: plain attributes in one operation without a path", method: "PATCH", path: "/Users/{mara}",
		status: http.StatusOK, holds: shows("title", "Lead"),
		body: patch(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"mara.oke@contoso.example"}`,
			`{"op":"replace","value":{"title":"Lead","name.formatted":"Mara Lind-Oke","`+enterprise+`:employeeNumber":"70199"}}`),
	},
	{
		says: "The same again changes nothing", method: "PATCH", path: "/Users/{mara}", status: http.StatusOK, silent: true,
		body: patch(`{"op":"replace","value":{"title":"Lead"}}`),
	},
	{
		says: "Set the manager", method: "PATCH", path: "/Users/{mara}", status: http.StatusOK,
		body: patch(`{"op":"Add","path":"` + enterprise + `:manager","value":"{noor}"}`),
	},

	{
		says: "Match the group, without its members", method: "GET",
		path:   query("/Groups", `displayName eq "Night Shift"`, "excludedAttributes=members&"),
		status: http.StatusOK, holds: total(0), silent: true,
	},
	{
		says: "Create the group, empty", method: "POST", path: "/Groups", status: http.StatusCreated, keep: "group",
		body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"5b0a",` +
			`"displayName":"Night Shift","meta":{"resourceType":"Group"}}`,
	},
	{
		says: "Add a member, default dialect", method: "PATCH", path: "/Groups/{group}", status: http.StatusNoContent,
		body: patch(`{"op":"Add","path":"members","value":[{"$ref":null,"value":"{mara}"}]}`),
	},
	{
		says: "Add a member, aadOptscim062020", method: "PATCH", path: "/Groups/{group}", status: http.StatusNoContent,
		body: patch(`{"op":"add","path":"members","value":[{"value":"{noor}"}]}`),
	},
	{says: "Who is in it", method: "GET", path: "/Groups/{group}", status: http.StatusOK, holds: members(2), silent: true},
	{
		says: "Remove a member, aadOptscim062020", method: "PATCH", path: "/Groups/{group}", status: http.StatusNoContent,
		body: patch(`{"op":"remove","path":"members[value eq \"{noor}\"]"}`),
	},

	{
		says: "Disable: bit 0x2 is set", method: "PATCH", path: "/Users/{noor}",
		status: http.StatusOK, holds: shows("active", false), body: patch(disable),
	},
	{
		says: "Disable a second time: it stays set, and is written as it is", method: "PATCH", path: "/Users/{noor}",
		status: http.StatusOK, holds: shows("active", false), body: patch(disable),
	},
	{says: "Enable", method: "PATCH", path: "/Users/{noor}", status: http.StatusOK, holds: shows("active", true), body: patch(enable)},

	{
		says: "Soft delete: blocked and renamed at once; the login stays", method: "PATCH", path: "/Users/{mara}",
		status: http.StatusOK, holds: both(shows("active", false), shows("userName", leaver)),
		body: patch(`{"op":"Replace","path":"userName","value":"`+leaver+`"}`, disable),
	},
	{
		says: "The freed name matches nobody", method: "GET",
		path: query("/Users", `userName eq "mara.lind@contoso.example"`, ""), status: http.StatusOK, holds: total(0), silent: true,
	},
	{
		says: "A newcomer gets the freed name: the leaver gives it up first", method: "POST", path: "/Users",
		status: http.StatusCreated, keep: "newcomer", holds: shows("userName", "mara.lind@contoso.example"),
		body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"mara.lind.2",` +
			`"userName":"mara.lind@contoso.example","active":true,"displayName":"Mara Lind",` +
			`"name":{"familyName":"Lind","givenName":"Mara"}}`,
	},
	{
		says: "The leaver is still who she was", method: "GET", path: "/Users/{mara}",
		status: http.StatusOK, holds: both(shows("userName", leaver), shows("externalId", "mara.lind")), silent: true,
	},
	{
		says: "Her return is a conflict while the newcomer has the name", method: "PATCH", path: "/Users/{mara}",
		status: http.StatusConflict, holds: shows("scimType", "uniqueness"), silent: true,
		body: patch(`{"op":"Replace","path":"userName","value":"mara.lind@contoso.example"}`, enable),
	},
	{says: "Hard delete of the newcomer", method: "DELETE", path: "/Users/{newcomer}", status: http.StatusNoContent},
	{
		says: "Restore: the name is hers again, and she is let in", method: "PATCH", path: "/Users/{mara}",
		status: http.StatusOK, holds: both(shows("active", true), shows("userName", "mara.lind@contoso.example")),
		body: patch(`{"op":"Replace","path":"userName","value":"mara.lind@contoso.example"}`, enable),
	},
	{says: "She kept her membership", method: "GET", path: "/Groups/{group}", status: http.StatusOK, holds: members(1), silent: true},
	{
		says: "Hard delete: out of the group and off the reports first", method: "DELETE", path: "/Users/{mara}",
		status: http.StatusNoContent,
	},
	{says: "She is gone", method: "GET", path: "/Users/{mara}", status: http.StatusNotFound, silent: true},
	{says: "The group holds nobody", method: "GET", path: "/Groups/{group}", status: http.StatusOK, holds: members(0), silent: true},
}
