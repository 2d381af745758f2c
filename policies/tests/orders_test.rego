package orders_test

import data.orders
import data.question

not_yours := {"outcome": "deny", "reason": "not_yours"}

not_allowed := {"outcome": "deny", "reason": "not_allowed"}

allow := {"outcome": "allow"}

test_customer_reads_own_order if orders.decision == allow with input as read(question.alice, "user_alice")

test_customer_lists_creates_and_changes_own_orders if {
	every asked in [
		list(question.alice),
		question.ask(question.alice, "read_batch", "POST", "read:orders", question.orders),
		question.ask(question.alice, "create", "POST", "write:orders", question.orders),
		question.ask(question.alice, "update", "PATCH", "write:orders", question.order("user_alice", 4200)),
		question.ask(question.alice, "cancel", "POST", "write:orders", question.order("user_alice", 4200)),
	] {
		orders.decision == allow with input as asked
	}
}

test_customer_never_sees_anothers_order if {
	every asked in [
		read(question.alice, "user_bob"),
		question.ask(question.alice, "update", "PATCH", "write:orders", question.order("user_bob", 4200)),
		question.ask(question.alice, "cancel", "POST", "write:orders", question.order("user_bob", 4200)),
		question.refund(question.alice, question.order("user_bob", 4200), 100),
	] {
		orders.decision == not_yours with input as asked
	}
}

test_support_reads_all if orders.decision == allow with input as read(question.carol, "user_bob")

test_support_changes_nobodys_order if {
	asked := question.ask(question.carol, "cancel", "POST", "write:orders", question.order("user_bob", 4200))
	orders.decision == not_allowed with input as asked
}

test_refund_is_no_function_of_customers if {
	orders.decision == not_allowed with input as question.refund(question.alice, question.order("user_alice", 4200), 100)
}

test_refund_up_to_the_limit_needs_the_role_alone if {
	orders.decision == allow with input as question.refund(question.carol, question.order("user_bob", 20000), 10000)
}

test_refund_over_the_limit_names_all_it_needs if {
	orders.decision == {
		"outcome": "step_up",
		"reason": "stronger_sign_in",
		"acr_values": "urn:sallyport:acr:passkey",
		"max_age": 300,
		"require": "dpop",
	} with input as question.refund(question.carol, question.order("user_bob", 20000), 10001)
}

test_strong_login_on_a_bearer_token_still_needs_a_proof if {
	bearer := question.with_properties(question.carol_strong, {"sender": "bearer"})
	orders.decision == {"outcome": "step_up", "reason": "stronger_sign_in", "require": "dpop"} with input as large(bearer)
}

test_proof_checked_at_the_gateway_counts if {
	bearer := question.with_properties(question.carol_strong, {"sender": "bearer"})
	orders.decision == allow with input as object.union(large(bearer), {"context": {"sender_outside": "dpop"}})
	orders.decision.outcome == "step_up" with input as object.union(large(bearer), {"context": {"sender_outside": "bearer"}})
}

test_fresh_strong_login_with_a_proof_refunds_over_the_limit if {
	orders.decision == allow with input as large(question.carol_strong)
}

test_strong_login_grows_old if {
	at_its_end := question.with_properties(question.carol_strong, {"auth_time": 999800})
	orders.decision == allow with input as large(at_its_end)
	too_old := question.with_properties(question.carol_strong, {"auth_time": 999799})
	orders.decision.outcome == "step_up" with input as large(too_old)
}

test_login_from_the_future_is_none if {
	future := question.with_properties(question.carol_strong, {"auth_time": 1000106})
	orders.decision.outcome == "step_up" with input as large(future)
}

test_a_large_refund_in_small_parts_is_large if {
	parts := object.union(question.order("user_bob", 20000), {"properties": {"refunded_cents": 9000}})
	orders.decision == allow with input as question.refund(question.carol, parts, 1000)
	orders.decision.outcome == "step_up" with input as question.refund(question.carol, parts, 1001)
}

test_refund_of_nothing_or_less_is_refused if {
	orders.decision == not_allowed with input as question.refund(question.carol, question.order("user_bob", 100), 0)
	orders.decision == not_allowed with input as question.refund(question.carol, question.order("user_bob", 100), -5)
}

test_cents_are_whole if {
	parts := object.union(question.order("user_bob", 20000), {"properties": {"refunded_cents": 0.5}})
	orders.decision == not_allowed with input as question.refund(question.carol, parts, 100)
	orders.decision == not_allowed with input as question.refund(question.carol, question.order("user_bob", 100), 10.5)
	orders.decision == not_allowed with input as question.refund(question.carol, question.order("user_bob", 100), 1e300)
}

test_machine_named_like_a_user_is_not_that_user if {
	orders.decision == not_yours with input as read(question.machine, "user_alice")
	orders.filter == {"owners": [{"type": "client", "id": "user_alice"}]} with input as list(question.machine)
}

test_machine_with_a_support_role_is_no_support if {
	machine := question.with_properties(question.machine, {"roles": ["support"]})
	orders.decision == not_yours with input as question.refund(machine, question.order("user_bob", 100), 10)
}

test_machine_sees_what_data_grants_it if {
	granted := {"owners": ["user_bob"]}
	orders.decision == allow with input as read(question.machine, "user_bob")
		with data.orders.settings.machines.user_alice as granted
	orders.decision == not_yours with input as read(question.machine, "user_eve")
		with data.orders.settings.machines.user_alice as granted
	orders.filter == {"owners": [{"type": "client", "id": "user_alice"}, {"type": "user", "id": "user_bob"}]} with input as list(question.machine)
		with data.orders.settings.machines.user_alice as granted
}

test_machine_granted_all_reads_all_and_changes_nothing if {
	all := {"owners": "all"}
	change := question.ask(question.machine, "cancel", "POST", "write:orders", question.order("user_bob", 4200))
	orders.decision == allow with input as read(question.machine, "user_bob")
		with data.orders.settings.machines.user_alice as all
	orders.filter == {"all": true} with input as list(question.machine)
		with data.orders.settings.machines.user_alice as all
	orders.decision == not_allowed with input as change
		with data.orders.settings.machines.user_alice as all
}

test_a_users_token_does_not_borrow_its_clients_grant if {
	alice := question.with_properties(question.alice, {"client_id": "client_nightly"})
	orders.decision == not_yours with input as read(alice, "user_bob")
		with data.orders.settings.machines.client_nightly as {"owners": "all"}
}

test_filter_of_customer_and_support if {
	orders.filter == {"owners": [{"type": "user", "id": "user_alice"}]} with input as list(question.alice)
	orders.filter == {"all": true} with input as list(question.carol)
	orders.filter == {"owners": []} with input as {}
}

test_method_and_scope_belong_to_the_action if {
	order := question.order("user_bob", 100)
	orders.decision == not_allowed with input as question.ask(question.carol, "read", "POST", "read:orders", order)
	orders.decision == not_allowed with input as question.ask(question.carol, "refund", "POST", "read:orders", order)
	orders.decision == not_allowed with input as question.ask(question.carol, "delete", "DELETE", "write:orders", order)
}

test_an_action_on_one_order_is_not_answered_for_the_collection if {
	asked := question.ask(question.alice, "read", "GET", "read:orders", question.orders)
	orders.decision == not_allowed with input as asked
}

test_nothing_asked_is_a_denial if {
	orders.decision == not_allowed with input as {}
	orders.decision == not_allowed
}

test_without_its_data_no_refund if {
	orders.decision == not_allowed with input as question.refund(question.carol, question.order("user_bob", 100), 10)
		with data.orders.settings as {}
}

read(subject, owner) := question.ask(subject, "read", "GET", "read:orders", question.order(owner, 4200))

list(subject) := question.ask(subject, "list", "GET", "read:orders", question.orders)

large(subject) := question.refund(subject, question.order("user_bob", 20000), 20000)
