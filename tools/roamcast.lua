-- SPDX-License-Identifier: BSD-2-Clause
-- Wireshark dissector for what is ours on the wire (doc/wire.md): the sub-types of the vendor-specific mobility
-- option (RFC 5094), messages between agents (RFC 5096, in either family), the site option of router advertisements, and our extensions
-- of Mobile IPv4's agent advertisements and registration messages; and the datagrams of redundancy groups (UDP port 4340) and
-- of agents and mobility managers (4341).
--
--     tshark -X lua_script:tools/roamcast.lua -V ...     or copy it to Wireshark's plugin folder.
--
-- Filters: roamcast.sub, roamcast.group, roamcast.coa, roamcast.home_agent, roamcast.site, ...; rcgroup.type, rcgroup.from, rcgroup.record.key, ...

local ENTERPRISE = 32473 -- the same number as RC_ENTERPRISE in src/wire/mip6/rc_opt.h
local SITE_OPTION = 253

local rc = Proto("roamcast", "Roamcast")

local SUBS = {
	[1] = "multicast care-of address", [2] = "assigned care-of address", [3] = "forwarding request",
	[4] = "device identifier", [5] = "encapsulation", [6] = "registration parameters",
	[7] = "correspondent nodes", [8] = "key",
}
local KINDS = { "MIN", "ESN", "IMSI", "MEID", "IMEI", "EUI-48", "EUI-64", "NAI" }
local MESSAGES = { "confirm", "ask", "forwarding", "forwarding acknowledgement", "key ask", "key" }
local ALGORITHMS = { "HMAC-SHA-1", "HMAC-SHA-256" }
local STATUSES = { [0] = "yes", "not registered here" }
local ENCAPS = { "GRE with sequence numbers", "IP in IP" }

local EXTENSIONS = { "MMA", "group request", "group answer", "forwarding request" }
local GROUP_STATUSES = { [0] = "yours", "taken: ask again with this one", "none is free" }

local f = {
	sub = ProtoField.uint8("roamcast.sub", "Sub-type", base.DEC, SUBS),
	group = ProtoField.ipv6("roamcast.group", "Group"),
	source = ProtoField.ipv6("roamcast.source", "Source (MMA)"),
	coa = ProtoField.ipv6("roamcast.coa", "Assigned care-of address"),
	lifetime = ProtoField.uint32("roamcast.lifetime", "Lifetime (s)"),
	prefixes = ProtoField.uint8("roamcast.prefixes", "Prefixes"),
	prefix_len = ProtoField.uint8("roamcast.prefix_len", "Prefix length"),
	prefix = ProtoField.ipv6("roamcast.prefix", "Site prefix"),
	time = ProtoField.uint16("roamcast.forward_time", "Forward for (s)"),
	to = ProtoField.ipv6("roamcast.forward_to", "Forward to"),
	agent = ProtoField.ipv6("roamcast.forward_agent", "New MMA"),
	forward_flags = ProtoField.uint8("roamcast.forward_flags", "Flags", base.HEX),
	has_seq = ProtoField.bool("roamcast.forward_flags.sequence", "Sequence number counts", 8, nil, 0x01),
	gone = ProtoField.bool("roamcast.forward_flags.gone", "Old link is gone", 8, nil, 0x02),
	listens = ProtoField.bool("roamcast.forward_flags.listens", "Mobile still listens", 8, nil, 0x04),
	waits = ProtoField.bool("roamcast.forward_flags.waits", "Waits for the new MMA", 8, nil, 0x08),
	last_seq = ProtoField.uint32("roamcast.last_sequence", "Last sequence number"),
	peers = ProtoField.uint8("roamcast.correspondents", "Correspondent nodes"),
	cn = ProtoField.ipv6("roamcast.correspondent", "Correspondent node"),
	cn_seq = ProtoField.uint16("roamcast.correspondent_sequence", "Sequence number"),
	cn_left = ProtoField.uint16("roamcast.correspondent_lifetime", "Remaining lifetime (4 s)"),
	alg = ProtoField.uint8("roamcast.key_algorithm", "Algorithm", base.DEC, ALGORITHMS),
	spi = ProtoField.uint32("roamcast.key_spi", "SPI"),
	masked = ProtoField.bytes("roamcast.key", "Key, masked"),
	message = ProtoField.uint8("roamcast.message", "Message", base.DEC, MESSAGES),
	transaction = ProtoField.uint32("roamcast.transaction", "Transaction", base.HEX),
	home = ProtoField.ipv6("roamcast.home_address", "Home address"),
	status = ProtoField.uint8("roamcast.status", "Status", base.DEC, STATUSES),
	kind = ProtoField.uint8("roamcast.device_kind", "Identifier kind", base.DEC, KINDS),
	id = ProtoField.bytes("roamcast.device_id", "Identifier"),
	encap = ProtoField.uint8("roamcast.encapsulation", "Encapsulation", base.DEC, ENCAPS),
	reg_flags = ProtoField.uint8("roamcast.flags", "Flags", base.HEX),
	route_opt = ProtoField.bool("roamcast.flags.route_optimisation", "Route optimisation by the MMA", 8, nil, 0x01),
	bound = ProtoField.bool("roamcast.flags.uplink_bound", "Uplink bound to one address", 8, nil, 0x02),
	ha = ProtoField.ipv6("roamcast.home_agent", "Home agent"),
	prev_mma = ProtoField.ipv6("roamcast.previous_mma", "Previous MMA"),
	prev_coa = ProtoField.ipv6("roamcast.previous_coa", "Previous care-of address"),
	version = ProtoField.uint8("roamcast.version", "Version"),
	site_flags = ProtoField.uint8("roamcast.site_flags", "Flags", base.HEX),
	site_home = ProtoField.bool("roamcast.site_flags.home", "Home site", 8, nil, 0x01),
	site = ProtoField.string("roamcast.site", "Site"),
	mma4 = ProtoField.ipv4("roamcast.mma4", "MMA"),
	distance = ProtoField.uint8("roamcast.distance", "Distance", base.DEC, nil, 0xf0),
	preference = ProtoField.uint8("roamcast.preference", "Preference", base.DEC, nil, 0x0f),
	group4 = ProtoField.ipv4("roamcast.group4", "Groups in"),
	ext4 = ProtoField.uint16("roamcast.extension", "Extension", base.DEC, EXTENSIONS),
	candidate4 = ProtoField.ipv4("roamcast.group_address", "Group"),
	prev4 = ProtoField.ipv4("roamcast.previous_mma4", "Previous MMA"),
	group_status = ProtoField.uint8("roamcast.group_status", "Status", base.DEC, GROUP_STATUSES),
	site4 = ProtoField.ipv4("roamcast.site_address", "Site address"),
	prefix4 = ProtoField.ipv4("roamcast.prefix4", "Site prefix"),
	to4 = ProtoField.ipv4("roamcast.forward_to4", "Forward to"),
	agent4 = ProtoField.ipv4("roamcast.forward_agent4", "New MMA"),
	group4_len = ProtoField.uint8("roamcast.group4_len", "Groups' prefix length"),
}
rc.fields = f

-- Each takes the bytes behind the sub-type byte; lengths are those of doc/wire.md.
local show = {}

show[1] = { 35, function(tree, b)
	tree:add(f.group, b(3, 16))
	tree:add(f.source, b(19, 16))
end }

show[2] = { 23, function(tree, b)
	local n = b(0, 1):uint()
	tree:add(f.prefixes, b(0, 1))
	tree:add(f.lifetime, b(3, 4))
	tree:add(f.coa, b(7, 16))
	for i = 0, n - 1 do
		local at = 23 + 20 * i
		if at + 20 > b:len() then return end
		tree:add(f.prefix_len, b(at, 1))
		tree:add(f.prefix, b(at + 4, 16))
	end
end }

show[3] = { 39, function(tree, b)
	local flags = tree:add(f.forward_flags, b(0, 1))
	flags:add(f.has_seq, b(0, 1))
	flags:add(f.gone, b(0, 1))
	flags:add(f.listens, b(0, 1))
	flags:add(f.waits, b(0, 1))
	tree:add(f.time, b(1, 2))
	tree:add(f.to, b(3, 16))
	tree:add(f.agent, b(19, 16))
	tree:add(f.last_seq, b(35, 4))
end }

show[4] = { 2, function(tree, b)
	tree:add(f.kind, b(0, 1))
	tree:add(f.id, b(1))
end }

show[5] = { 3, function(tree, b) tree:add(f.encap, b(0, 1)) end }

show[6] = { 51, function(tree, b)
	local flags = tree:add(f.reg_flags, b(0, 1))
	flags:add(f.route_opt, b(0, 1))
	flags:add(f.bound, b(0, 1))
	tree:add(f.ha, b(3, 16))
	tree:add(f.prev_mma, b(19, 16))
	tree:add(f.prev_coa, b(35, 16))
end }

show[7] = { 3, function(tree, b)
	tree:add(f.peers, b(0, 1))
	for at = 3, 3 + 20 * (b(0, 1):uint() - 1), 20 do
		if at + 20 > b:len() then return end
		tree:add(f.cn, b(at, 16))
		tree:add(f.cn_seq, b(at + 16, 2))
		tree:add(f.cn_left, b(at + 18, 2))
	end
end }

show[8] = { 39, function(tree, b)
	tree:add(f.alg, b(0, 1))
	tree:add(f.spi, b(3, 4))
	tree:add(f.masked, b(7, 32))
end }

local function option(tree, b)
	local sub = b(0, 1):uint()
	local branch = tree:add(rc, b(), "Roamcast: " .. (SUBS[sub] or "unknown sub-type"))
	branch:add(f.sub, b(0, 1))
	local how = show[sub]
	if how and b:len() - 1 >= how[1] then how[2](branch, b(1):tvb()) end
end

local function site(tree, b)
	local branch = tree:add(rc, b(), "Roamcast: site")
	branch:add(f.version, b(2, 1))
	local flags = branch:add(f.site_flags, b(3, 1))
	flags:add(f.site_home, b(3, 1))
	branch:add(f.site, b(8))
end

-- Wireshark 4.0 shows a vendor option's data two bytes short, and has no table for options of neighbour discovery. So the
-- packet's bytes are walked here: extension headers, then mobility or neighbour discovery options.
local IPV6, MOBILITY, ICMPV6 = 41, 135, 58
local BODY = { [0] = 8, 16, 16, 24, 24, 12, 12, 24, [11] = 52 } -- by Mobility Header type, from the header's first byte

-- False: somebody else's experiment.
local function message(tree, b)
	if b:len() < 52 or b(8, 4):uint() ~= ENTERPRISE then return false end
	local branch = tree:add(rc, b(), "Roamcast: agent to agent")
	branch:add(f.version, b(6, 1))
	branch:add(f.message, b(7, 1))
	branch:add(f.transaction, b(12, 4))
	branch:add(f.home, b(16, 16))
	branch:add(f.coa, b(32, 16))
	branch:add(f.time, b(48, 2))
	branch:add(f.status, b(50, 1))
	return true
end

local function mobility(tree, b)
	if b(2, 1):uint() == 11 and not message(tree, b) then return end
	local len = math.min(8 + 8 * b(1, 1):uint(), b:len())
	local at = BODY[b(2, 1):uint()] or len
	while at + 1 < len do
		local kind = b(at, 1):uint()
		local size = kind == 0 and 1 or 2 + b(at + 1, 1):uint()
		if at + size > len then return end
		if kind == 19 and size >= 7 and b(at + 2, 4):uint() == ENTERPRISE then option(tree, b(at + 6, size - 6):tvb()) end
		at = at + size
	end
end

local function advertisement(tree, b)
	local at = 16
	while b(0, 1):uint() == 134 and at + 8 <= b:len() do
		local size = 8 * b(at + 1, 1):uint()
		if size == 0 or at + size > b:len() then return end
		if b(at, 1):uint() == SITE_OPTION and b(at + 4, 4):uint() == ENTERPRISE then site(tree, b(at, size):tvb()) end
		at = at + size
	end
end

local function ipv6(tree, b)
	if b:len() < 40 or math.floor(b(0, 1):uint() / 16) ~= 6 then return end
	local next, at = b(6, 1):uint(), 40
	while (next == 0 or next == 43 or next == 60) and at + 8 <= b:len() do
		next, at = b(at, 1):uint(), at + 8 + 8 * b(at + 1, 1):uint()
	end
	if at + 8 > b:len() then return end
	if next == MOBILITY then mobility(tree, b(at):tvb()) end
	if next == ICMPV6 then advertisement(tree, b(at):tvb()) end
	if next == IPV6 then ipv6(tree, b(at):tvb()) end
end

-- RFC 3115's normal extension (134) of an agent advertisement: reserved, enterprise, type, then what doc/wire.md says.
local function mma4(tree, b)
	local branch = tree:add(rc, b(), "Roamcast: MMA")
	branch:add(f.version, b(10, 1))
	local flags = branch:add(f.site_flags, b(11, 1))
	flags:add(f.site_home, b(11, 1))
	branch:add(f.distance, b(12, 1))
	branch:add(f.preference, b(12, 1))
	branch:add(f.group4_len, b(13, 1))
	branch:add(f.lifetime, b(14, 4))
	branch:add(f.mma4, b(18, 4))
	branch:add(f.group4, b(22, 4))
	if b:len() > 26 then branch:add(f.site, b(26)) end
end

-- Registration: from the version byte on.
local show4 = {}

show4[2] = { 12, function(tree, b)
	local flags = tree:add(f.reg_flags, b(1, 1))
	flags:add(f.bound, b(1, 1))
	tree:add(f.candidate4, b(4, 4))
	tree:add(f.prev4, b(8, 4))
end }

show4[3] = { 12, function(tree, b)
	tree:add(f.group_status, b(1, 1))
	tree:add(f.prefixes, b(2, 1))
	tree:add(f.candidate4, b(4, 4))
	tree:add(f.site4, b(8, 4))
	for at = 12, 12 + 8 * (b(2, 1):uint() - 1), 8 do
		if at + 8 > b:len() then return end
		tree:add(f.prefix_len, b(at, 1))
		tree:add(f.prefix4, b(at + 4, 4))
	end
end }

show4[4] = { 16, function(tree, b)
	local flags = tree:add(f.forward_flags, b(1, 1))
	flags:add(f.has_seq, b(1, 1))
	flags:add(f.gone, b(1, 1))
	flags:add(f.listens, b(1, 1))
	flags:add(f.waits, b(1, 1))
	tree:add(f.time, b(2, 2))
	tree:add(f.to4, b(4, 4))
	tree:add(f.agent4, b(8, 4))
	tree:add(f.last_seq, b(12, 4))
end }

local function registration4(tree, b)
	local kind = b(8, 2):uint()
	local branch = tree:add(rc, b(), "Roamcast: " .. (EXTENSIONS[kind] or "unknown extension"))
	branch:add(f.ext4, b(8, 2))
	branch:add(f.version, b(10, 1))
	local how = show4[kind]
	if how and b(10, 1):uint() == 1 and b:len() - 10 >= how[1] then how[2](branch, b(10):tvb()) end
end

-- Extensions from `at` on; the long form has two bytes of length behind a byte of its own.
local function extensions4(tree, b, at, stop, is_adv)
	while at + 2 <= stop do
		local kind = b(at, 1):uint()
		local is_long = not is_adv and (kind == 36 or kind == 38)
		if is_long and at + 4 > stop then return end
		local size = kind == 0 and 1 or is_long and 4 + b(at + 2, 2):uint() or 2 + b(at + 1, 1):uint()
		if at + size > stop then return end
		if kind == 134 and size >= 11 and b(at + 4, 4):uint() == ENTERPRISE then
			if not is_adv then registration4(tree, b(at, size):tvb())
			elseif size >= 26 and b(at + 8, 2):uint() == 1 then mma4(tree, b(at, size):tvb()) end
		end
		at = at + size
	end
end

local FIXED = { [1] = 24, [3] = 20, [7] = 20, [15] = 12 } -- by message type, up to the extensions

local function ipv4(tree, b)
	if b:len() < 28 or math.floor(b(0, 1):uint() / 16) ~= 4 then return end
	local at = 4 * (b(0, 1):uint() % 16)
	local proto, stop = b(9, 1):uint(), math.min(b(2, 2):uint(), b:len())
	if at + 9 > stop then return end
	if proto == 1 and b(at, 1):uint() == 9 then
		extensions4(tree, b, at + 8 + 4 * b(at + 4, 1):uint() * b(at + 5, 1):uint(), stop, true)
	elseif proto == MOBILITY then
		mobility(tree, b(at, stop - at):tvb())
	elseif proto == 17 and (b(at, 2):uint() == 434 or b(at + 2, 2):uint() == 434) then
		local fixed = FIXED[b(at + 8, 1):uint()]
		if fixed then extensions4(tree, b, at + 8 + fixed, stop, false) end
	end
end

local outer, outer4 = Field.new("ipv6"), Field.new("ip")

function rc.dissector(tvb, pinfo, tree)
	local first, first4 = outer(), outer4()
	if first then ipv6(tree, tvb(first.offset):tvb()) end
	if first4 then ipv4(tree, tvb(first4.offset):tvb()) end
end
register_postdissector(rc)

-- Redundancy groups: header, fields, authenticator. A field whose length is wrong is marked as malformed.
local rg = Proto("rcgroup", "Roamcast redundancy group")
local RG_PORT, RG_HEAD, RG_MAC = 4340, 28, 16
local RG_TYPES = { "hello", "update", "ack", "request", "page", "members", "digests", "hand-over" }
local RG_FIELDS = { "hello", "challenge", "echo", "agent", "record", "ack", "request", "page", "digest" }

local function rg_bool(name, label, mask) return ProtoField.bool("rcgroup." .. name, label, 8, nil, mask) end
local g = {
	version = ProtoField.uint8("rcgroup.version", "Version"),
	type = ProtoField.uint8("rcgroup.type", "Type", base.DEC, RG_TYPES),
	key_id = ProtoField.uint8("rcgroup.key_id", "Key"),
	from = ProtoField.uint32("rcgroup.from", "Sender"),
	to = ProtoField.uint32("rcgroup.to", "Receiver (0: all)"),
	epoch = ProtoField.uint64("rcgroup.epoch", "Boot epoch", base.HEX),
	seq = ProtoField.uint64("rcgroup.seq", "Sequence number"),
	mac = ProtoField.bytes("rcgroup.authenticator", "Authenticator"),
	field = ProtoField.uint16("rcgroup.field", "Field", base.DEC, RG_FIELDS),
	initialised = rg_bool("hello.initialised", "Initialised", 0x01),
	active = rg_bool("hello.active", "Active", 0x02),
	leaving = rg_bool("hello.leaving", "Leaving", 0x04),
	priority = ProtoField.uint8("rcgroup.hello.priority", "Priority"),
	interval = ProtoField.uint16("rcgroup.hello.interval", "Interval (ms)"),
	records = ProtoField.uint32("rcgroup.hello.records", "Live records"),
	clock = ProtoField.uint64("rcgroup.clock", "Hybrid logical clock (ns)"),
	table_digest = ProtoField.uint64("rcgroup.hello.digest", "Digest of the table", base.HEX),
	member = ProtoField.uint32("rcgroup.member", "Member"),
	nonce = ProtoField.bytes("rcgroup.nonce", "Nonce"),
	address = ProtoField.ipv6("rcgroup.address", "Address"),
	table = ProtoField.uint8("rcgroup.record.table", "Table"),
	deleted = rg_bool("record.deleted", "Deleted", 0x01),
	left = ProtoField.uint32("rcgroup.record.left", "Lifetime left (s)"),
	stamp = ProtoField.uint64("rcgroup.record.stamp", "Stamp", base.HEX),
	by = ProtoField.uint32("rcgroup.record.member", "Version's member"),
	key = ProtoField.bytes("rcgroup.record.key", "Key"),
	value = ProtoField.bytes("rcgroup.record.value", "Value"),
	to_all = rg_bool("ack.to_all", "Of datagrams to all", 0x01),
	count = ProtoField.uint16("rcgroup.ack.count", "How many"),
	first = ProtoField.uint64("rcgroup.ack.first", "First"),
	transaction = ProtoField.uint32("rcgroup.transaction", "Transaction"),
	range = ProtoField.uint16("rcgroup.part", "Part of the table"),
	attempt = ProtoField.uint8("rcgroup.request.attempt", "Attempt"),
	before = ProtoField.uint8("rcgroup.request.before_service", "About to become active"),
	digest = ProtoField.uint64("rcgroup.digest", "Digest", base.HEX),
	page_end = rg_bool("page.end", "End of the part", 0x01),
	page_last = rg_bool("page.last", "End of the table", 0x02),
	page_not = rg_bool("page.not_initialised", "Not initialised", 0x04),
	page_same = rg_bool("page.same", "The same as yours", 0x08),
}
rg.fields = g
local rg_bad = ProtoExpert.new("rcgroup.malformed", "A field that is wrong", expert.group.MALFORMED, expert.severity.ERROR)
rg.experts = { rg_bad }

local function rg_nonce(t, b) t:add(g.member, b(0, 4)); t:add(g.nonce, b(4, 16)) end

-- By field: length (for a record: at least), and what is in it.
local rg_show = {
	{ 24, function(t, b)
		t:add(g.initialised, b(0, 1)); t:add(g.active, b(0, 1)); t:add(g.leaving, b(0, 1))
		t:add(g.priority, b(1, 1)); t:add(g.interval, b(2, 2)); t:add(g.records, b(4, 4)); t:add(g.clock, b(8, 8)); t:add(g.table_digest, b(16, 8))
	end },
	{ 20, rg_nonce }, { 20, rg_nonce },
	{ 20, function(t, b) t:add(g.member, b(0, 4)); t:add(g.address, b(4, 16)) end },
	{ 32, function(t, b)
		local n = b(2, 1):uint()
		if n < 1 or n > 16 or 32 + n > b:len() then return t:add_proto_expert_info(rg_bad) end
		t:add(g.table, b(0, 1)); t:add(g.deleted, b(1, 1)); t:add(g.left, b(4, 4)); t:add(g.stamp, b(8, 8)); t:add(g.clock, b(16, 8)); t:add(g.by, b(24, 4))
		t:add(g.key, b(32, n))
		if b:len() > 32 + n then t:add(g.value, b(32 + n)) end
	end },
	{ 12, function(t, b) t:add(g.to_all, b(0, 1)); t:add(g.count, b(2, 2)); t:add(g.first, b(4, 8)) end },
	{ 16, function(t, b)
		t:add(g.transaction, b(0, 4)); t:add(g.range, b(4, 2)); t:add(g.attempt, b(6, 1)); t:add(g.before, b(7, 1)); t:add(g.digest, b(8, 8))
	end },
	{ 8, function(t, b)
		t:add(g.transaction, b(0, 4)); t:add(g.range, b(4, 2))
		t:add(g.page_end, b(6, 1)); t:add(g.page_last, b(6, 1)); t:add(g.page_not, b(6, 1)); t:add(g.page_same, b(6, 1))
	end },
	{ 10, function(t, b) t:add(g.range, b(0, 2)); t:add(g.digest, b(2, 8)) end },
}

local function rg_field(tree, b, kind)
	local branch = tree:add(rg, b, RG_FIELDS[kind] or "unknown field")
	branch:add(g.field, b(0, 2))
	local how, size = rg_show[kind], b:len() - 4
	if not how then return end
	if size < how[1] or (kind ~= 5 and size ~= how[1]) then return branch:add_proto_expert_info(rg_bad) end
	how[2](branch, b(4):tvb())
end

function rg.dissector(tvb, pinfo, tree)
	local stop, at = tvb:len() - RG_MAC, RG_HEAD
	if stop < RG_HEAD or tvb(0, 1):uint() ~= 1 then return 0 end
	local t = tree:add(rg, tvb())
	t:add(g.version, tvb(0, 1)); t:add(g.type, tvb(1, 1)); t:add(g.key_id, tvb(3, 1)); t:add(g.from, tvb(4, 4)); t:add(g.to, tvb(8, 4))
	t:add(g.epoch, tvb(12, 8)); t:add(g.seq, tvb(20, 8))
	pinfo.cols.protocol = "RCGROUP"
	pinfo.cols.info = (RG_TYPES[tvb(1, 1):uint()] or "unknown") .. " from " .. tvb(4, 4):uint()
	while at < stop do
		local size = at + 4 <= stop and tvb(at + 2, 2):uint()
		if not size or at + 4 + size > stop then return t:add_proto_expert_info(rg_bad) end
		rg_field(t, tvb(at, 4 + size), tvb(at, 2):uint())
		at = at + 4 + size
	end
	t:add(g.mac, tvb(stop, RG_MAC))
	return tvb:len()
end
DissectorTable.get("udp.port"):add(RG_PORT, rg)

-- Between agents and mobility managers.
do
	local mm = Proto("roamcast_mm", "Roamcast mobility manager")
	local MM_TYPES = { [32] = "hello", "welcome", "query", "answer", "change", "acknowledgement", "tell", "told" }
	local MM_FIELDS = { [32] = "challenge", "echo", "query", "device", "address", "answer", "record", "acknowledged", "serving" }
	local MM_STATUSES = { [0] = "found", "not found", "denied", "busy" }
	local MM_POLICIES = { [0] = "all", "serving" }
	local m = {
		version = ProtoField.uint8("roamcast_mm.version", "Version"),
		kind = ProtoField.uint8("roamcast_mm.type", "Type", base.DEC, MM_TYPES),
		key = ProtoField.uint8("roamcast_mm.key", "Key"),
		from = ProtoField.uint32("roamcast_mm.from", "From"),
		to = ProtoField.uint32("roamcast_mm.to", "To"),
		epoch = ProtoField.uint64("roamcast_mm.epoch", "Boot epoch", base.HEX),
		seq = ProtoField.uint64("roamcast_mm.sequence", "Sequence number"),
		mac = ProtoField.bytes("roamcast_mm.authenticator", "Authenticator"),
		field = ProtoField.uint16("roamcast_mm.field", "Field", base.DEC, MM_FIELDS),
		nonce = ProtoField.bytes("roamcast_mm.nonce", "Nonce"),
		transaction = ProtoField.uint32("roamcast_mm.transaction", "Transaction", base.HEX),
		flags = ProtoField.uint8("roamcast_mm.query_flags", "Flags", base.HEX),
		device_kind = ProtoField.uint8("roamcast_mm.device_kind", "Identifier kind", base.DEC, KINDS),
		device = ProtoField.bytes("roamcast_mm.device", "Identifier"),
		address = ProtoField.ipv6("roamcast_mm.address", "Home address asked about"),
		status = ProtoField.uint8("roamcast_mm.status", "Status", base.DEC, MM_STATUSES),
		lifetime = ProtoField.uint32("roamcast_mm.lifetime", "Lifetime (s)"),
		record_version = ProtoField.uint64("roamcast_mm.record_version", "Version of the record"),
		policy = ProtoField.uint8("roamcast_mm.policy", "Policy", base.DEC, MM_POLICIES),
		record_flags = ProtoField.uint8("roamcast_mm.record_flags", "Flags", base.HEX),
		voice = ProtoField.uint16("roamcast_mm.voice_port", "Voice port"),
		home6_len = ProtoField.uint8("roamcast_mm.home6_length", "Prefix length at home, IPv6"),
		home4_len = ProtoField.uint8("roamcast_mm.home4_length", "Prefix length at home, IPv4"),
		lladdr = ProtoField.ether("roamcast_mm.lladdr", "Link-layer address"),
		gateway_lladdr = ProtoField.ether("roamcast_mm.gateway_lladdr", "Link-layer address of the gateway"),
		home6 = ProtoField.ipv6("roamcast_mm.home6", "Home address"),
		group6 = ProtoField.ipv6("roamcast_mm.group6", "Group"),
		source6 = ProtoField.ipv6("roamcast_mm.source6", "Source"),
		gateway6 = ProtoField.ipv6("roamcast_mm.gateway6", "Gateway"),
		home4 = ProtoField.ipv4("roamcast_mm.home4", "Home address"),
		group4 = ProtoField.ipv4("roamcast_mm.group4", "Group"),
		source4 = ProtoField.ipv4("roamcast_mm.source4", "Source"),
		gateway4 = ProtoField.ipv4("roamcast_mm.gateway4", "Gateway"),
		ack = ProtoField.uint64("roamcast_mm.acknowledged", "Acknowledged sequence number"),
		serving_agent = ProtoField.uint32("roamcast_mm.serving_agent", "Agent that serves, or did"),
		serving_flags = ProtoField.uint8("roamcast_mm.serving_flags", "Flags", base.HEX),
		delivered6 = ProtoField.uint32("roamcast_mm.delivered6", "Delivered last, IPv6 group"),
		delivered4 = ProtoField.uint32("roamcast_mm.delivered4", "Delivered last, IPv4 group"),
	}
	mm.fields = {}
	for _, v in pairs(m) do table.insert(mm.fields, v) end

	local function mm_nonce(t, b) t:add(m.nonce, b(0, 16)) end
	local mm_show = {
		[32] = { 16, mm_nonce },
		[33] = { 16, mm_nonce },
		[34] = { 8, function(t, b) t:add(m.transaction, b(0, 4)); t:add(m.flags, b(4, 1)) end },
		[35] = { 2, function(t, b) t:add(m.device_kind, b(0, 1)); t:add(m.device, b(1)) end },
		[36] = { 16, function(t, b) t:add(m.address, b(0, 16)) end },
		[37] = { 12, function(t, b) t:add(m.transaction, b(0, 4)); t:add(m.status, b(4, 1)); t:add(m.lifetime, b(8, 4)) end },
		[38] = { 108, function(t, b)
			local at = 0
			local function take(field, n) t:add(field, b(at, n)); at = at + n end
			take(m.record_version, 8); take(m.policy, 1); take(m.record_flags, 1); take(m.voice, 2)
			take(m.home6_len, 1); take(m.home4_len, 1); at = at + 2
			take(m.lladdr, 6); take(m.gateway_lladdr, 6)
			take(m.home6, 16); take(m.group6, 16); take(m.source6, 16); take(m.gateway6, 16)
			take(m.home4, 4); take(m.group4, 4); take(m.source4, 4); take(m.gateway4, 4)
		end },
		[39] = { 8, function(t, b) t:add(m.ack, b(0, 8)) end },
		[40] = { 16, function(t, b)
			t:add(m.serving_agent, b(0, 4)); t:add(m.serving_flags, b(4, 1)); t:add(m.delivered6, b(8, 4)); t:add(m.delivered4, b(12, 4))
		end },
	}

	function mm.dissector(b, pinfo, tree)
		if b:len() < 44 or b(0, 1):uint() ~= 1 then return 0 end
		local kind, stop, at = b(1, 1):uint(), b:len() - 16, 28
		pinfo.cols.protocol = "Roamcast-MM"
		pinfo.cols.info = MM_TYPES[kind] or "unknown"
		local t = tree:add(mm, b(), "Roamcast mobility manager: " .. (MM_TYPES[kind] or "unknown"))
		t:add(m.version, b(0, 1)); t:add(m.kind, b(1, 1)); t:add(m.key, b(3, 1)); t:add(m.from, b(4, 4)); t:add(m.to, b(8, 4))
		t:add(m.epoch, b(12, 8)); t:add(m.seq, b(20, 8))
		while at + 4 <= stop do
			local what, size = b(at, 2):uint(), b(at + 2, 2):uint()
			if at + 4 + size > stop then break end
			local branch = t:add(m.field, b(at, 2))
			local how = mm_show[what]
			if how and size >= how[1] then how[2](branch, b(at + 4, size):tvb()) end
			at = at + 4 + size
		end
		t:add(m.mac, b(stop, 16))
		return b:len()
	end
	DissectorTable.get("udp.port"):add(4341, mm)
end
