/* Every limit that traffic can meet, in one place. Reaching one is counted under the name beside
 * it; what then happens is said in the comment. Those marked (key) can be set with --set. */
#pragma once

enum limits {
	/* decode */
	LIMIT_TUNNEL_DEPTH = 16,	    /* decode.tunnel_depth: inner packet not decoded */
	LIMIT_VLAN_DEPTH = 3,		    /* decode.vlan_depth */
	LIMIT_DECODE_LAYERS = 16,	    /* decode.too_many_layers, carriers included */
	LIMIT_MPLS_LABELS = 256,	    /* decode.mpls_labels: the rest is not decoded */
	LIMIT_IPV6_EXTENSION_HEADERS = 128, /* decode.ipv6_extensions: the rest is not decoded */
	LIMIT_DEFRAG_TRACKERS = 16384,	    /* defrag.trackers: the oldest goes */
	LIMIT_DEFRAG_FRAGMENTS = 65535,	    /* defrag.fragments: the oldest datagrams go */
	LIMIT_DEFRAG_MEMORY = 32 << 20,	    /* the same, bytes of fragments a worker */
	LIMIT_DEFRAG_PER_DATAGRAM = 4096,   /* defrag.per_datagram: later ones are ignored */
	LIMIT_DEFRAG_SECONDS = 60,	    /* a tracker's life */
	LIMIT_DEFRAG_TICK = 16,		    /* trackers given up by one decode_tick */

	/* flow (per worker) */
	LIMIT_FLOWS = 1 << 20, /* (flow.max) flow.evicted: see flow/README */

	LIMIT_SHED_BYTES = 128 << 10, /* rx.shed: what a flow has had before an overloaded
					 worker leaves out frames of it */

	/* stream */
	LIMIT_STREAM_DEPTH = 1 << 20,	 /* (stream.reassembly.depth) bytes a direction */
	LIMIT_STREAM_SEGMENTS = 4096,	 /* stream.segments: out-of-order pieces a direction */
	LIMIT_STREAM_MEMORY = 256 << 20, /* stream.memcap, bytes a worker */
	LIMIT_STREAM_HISTORY = 64 << 20, /* of those, delivered bytes kept for comparison */
	LIMIT_STREAM_SACK = 64,		 /* stream.sack_ranges a direction */
	LIMIT_STREAM_OVERLAPS = 64,	 /* stream.overlap_work: segments met by one segment */

	/* app */
	LIMIT_APP_MEMORY = 512 << 20,	     /* app.memory, bytes a worker */
	LIMIT_APP_TRANSACTIONS = 1024,	     /* live transactions a flow: the parser stops */
	LIMIT_APP_BUFFERED = (1 << 16) + 16, /* bytes kept for a parser that asked for more: a whole
						TLS record or DNS message with its head */
	LIMIT_APP_TX_EVENTS = 16,	     /* events a transaction */
	LIMIT_APP_PROBE_BYTES = 4096,	     /* identification gives up after that many */
	LIMIT_APP_UNKNOWN_BYTES = 100000, /* app.skipped: bytes of a direction kept unidentified */
	LIMIT_APP_PROTO_CHANGES = 4,	  /* app.changes: STARTTLS, CONNECT ... in one flow */
	LIMIT_APP_EXPECT_SECONDS = 30,	  /* an announced flow (FTP data) has so long to come */
	LIMIT_APP_FRAMES = 256, /* app.frames_refused: frames of a direction not yet inspected */
	LIMIT_FILE_WINDOW = 1 << 17,   /* bytes of a file kept for inspection: the oldest go */
	LIMIT_FILE_NAME = 4096,	       /* bytes: cut */
	LIMIT_NAMING_PACKETS = 3,      /* traffic.unknown: pieces of a flow that libndpi is shown */
	LIMIT_NAMING_RATE = 20000,     /* traffic.busy: pieces a second, a worker */
	LIMIT_NAMING_FLOWS = 2048,     /* traffic.oldest: flows it is at work on, a worker */
	LIMIT_NAMING_MEMORY = 4 << 20, /* traffic.memory: what it holds for them, bytes a worker */
	LIMIT_APP_JOINTS = 4096,       /* app.parts_oldest: files being joined, the oldest goes */
	LIMIT_APP_JOINT_KEY = 8192,    /* bytes of what names them: longer ones are not joined */
	LIMIT_APP_JOINT_PARTS = 1024,  /* app.parts_refused: parts of one that wait */
	LIMIT_TX_FILES = 64, /* app.file_window_refused: files of a transaction and direction */

	/* protocols: app.limit.<protocol> counts each time one of these is met */
	LIMIT_DCE_IFACES = 256,		 /* interfaces bound in one flow: the rest is not kept */
	LIMIT_DCE_STUB = 1 << 20,	 /* bytes of a call's stub data: the rest is not kept */
	LIMIT_SMB_ENTRIES = 2048,	 /* open files, trees, pending requests: the oldest goes */
	LIMIT_SMB_ENTRY_BYTES = 1 << 20, /* their names and pieces of pipe messages: the same */
	LIMIT_SMB_TRANSACTIONS = 960,	 /* open in one flow: the oldest counts as complete */
	LIMIT_SMB_FILE_CHUNKS = 64,	 /* pieces of a file out of order: the file has a gap */
	LIMIT_SMB_FILE_QUEUED = 8 << 20, /* their bytes: the same */

	/* detect */
	LIMIT_ALERTS_PER_PACKET = 15,	/* detect.alert_queue_overflow */
	LIMIT_INSPECT_RECURSION = 3000, /* content steps a list */
};
