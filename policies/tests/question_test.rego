# The questions the tests ask: whole, as the guard sends them, with one thing changed at a time.
package question

alice := {
	"type": "user",
	"id": "user_alice",
	"properties": {
		"client_id": "client_shop",
		"scopes": ["read:orders", "write:orders", "refund:orders"],
		"roles": ["customer"],
		"acr": "urn:sallyport:acr:password",
		"auth_time": 1000000,
		"amr": ["pwd"],
		"sender": "bearer",
	},
}

carol := with_properties(object.union(alice, {"id": "user_carol"}), {"roles": ["support"]})

# Carol, just signed in with a passkey, on a token bound to her key.
carol_strong := with_properties(carol, {"acr": "urn:sallyport:acr:passkey", "sender": "dpop"})

# A machine called exactly like Alice.
machine := with_properties(object.union(alice, {"type": "client"}), {"client_id": "user_alice", "roles": []})

with_properties(entity, properties) := object.union(entity, {"properties": properties})

# OPA's object.union replaces lists and merges objects, so a question stays whole.
ask(subject, action, method, scope, resource) := {
	"subject": subject,
	"action": {"name": action, "properties": {"method": method, "route": "/orders/:id", "scope": scope}},
	"resource": resource,
	"context": {"now": 1000100, "request_id": "r1"},
}

order(owner, total_cents) := {"type": "order", "id": "order-1", "properties": {
	"owner": owner,
	"owner_type": "user",
	"total_cents": total_cents,
	"refunded_cents": 0,
}}

orders := {"type": "collection", "id": "orders", "properties": {}}

refund(subject, resource, amount_cents) := object.union(
	ask(subject, "refund", "POST", "refund:orders", resource),
	{"context": {"amount_cents": amount_cents}},
)
