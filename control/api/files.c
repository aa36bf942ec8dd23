/* The pages: a folder read once at the start, so that no path of a request ever reaches the file
 * system. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/api/internal.h"

enum { FILES_MAX = 512, FILE_MAX = 8 * 1024 * 1024, DEPTH_MAX = 4 };

struct file {
	char path[256]; /* as in a URL, "/assets/main.js" */
	char tag[SECRET_HASH + 2];
	char *data;
	size_t len;
	const char *type;
	bool packed; /* gzip, from a file that ends in .gz */
};

struct files {
	struct file list[FILES_MAX];
	size_t n;
};

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
					       {".js", "text/javascript; charset=utf-8"},
					       {".css", "text/css; charset=utf-8"},
					       {".svg", "image/svg+xml"},
					       {".png", "image/png"},
					       {".ico", "image/x-icon"},
					       {".json", "application/json"},
					       {".woff2", "font/woff2"},
					       {".webmanifest", "application/manifest+json"}};
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t m = strlen(types[i][0]);

		if (n > m && strcmp(path + n - m, types[i][0]) == 0)
			return types[i][1];
	}
	return "application/octet-stream";
}

static int read_file(struct files *f, int fd, const char *path, struct errmsg *e)
{
	struct file *file = &f->list[f->n];
	size_t n = strlen(path);
	struct stat st;
	ssize_t got;

	if (f->n == FILES_MAX || n >= sizeof(file->path))
		return errmsg_set(e, ERR_LIMIT, "pages: more than %d files, or %s is too long",
				  FILES_MAX, path);
	if (fstat(fd, &st) < 0 || st.st_size > FILE_MAX)
		return errmsg_set(e, ERR_LIMIT, "pages: %s is larger than %d bytes", path,
				  FILE_MAX);
	memset(file, 0, sizeof(*file));
	file->data = malloc((size_t)st.st_size + 1);
	if (!file->data)
		return ERR_NOMEM;
	got = read(fd, file->data, (size_t)st.st_size);
	file->len = got > 0 ? (size_t)got : 0;
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->packed = n > 3 && strcmp(path + n - 3, ".gz") == 0;
	if (file->packed)
		file->path[n - 3] = 0;
	file->type = type_of(file->path);
	f->n++;
	return got == (ssize_t)st.st_size ? ERR_OK
					  : errmsg_set(e, ERR_IO, "pages: %s cannot be read", path);
}

static int read_folder(struct files *f, int fd, const char *path, struct errmsg *e);

static int read_entry(struct files *f, int folder, const char *path, struct errmsg *e)
{
	int fd = openat(folder, strrchr(path, '/') + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), rc;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return errmsg_set(e, ERR_IO, "pages: %s: %s", path, strerror(errno));
	}
	if (S_ISDIR(st.st_mode))
		return read_folder(f, fd, path, e);
	rc = S_ISREG(st.st_mode) ? read_file(f, fd, path, e) : ERR_OK;
	close(fd);
	return rc;
}

/* Takes `fd`. */
static int read_folder(struct files *f, int fd, const char *path, struct errmsg *e)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;
	unsigned depth = 0;
	int rc = ERR_OK;

	if (!d) {
		close(fd);
		return errmsg_set(e, ERR_IO, "pages: %s: %s", path, strerror(errno));
	}
	for (const char *c = path; *c; c++)
		depth += *c == '/';
	while (rc == ERR_OK && depth < DEPTH_MAX && (entry = readdir(d))) {
		char full[512];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, entry->d_name);
		rc = read_entry(f, fd, full, e);
	}
	closedir(d);
	return rc;
}

static void tag(struct file *f)
{
	struct slice data = SLICE(f->data, f->len);
	char hash[SECRET_HASH];

	secret_hash_bytes(data, hash);
	snprintf(f->tag, sizeof(f->tag), "\"%.32s\"", hash);
}

struct files *files_load(const char *folder, struct errmsg *e)
{
	struct files *f = calloc(1, sizeof(*f));
	int fd = f ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0) {
		free(f);
		errmsg_set(e, ERR_IO, "pages: folder %s: %s", folder, strerror(errno));
		return NULL;
	}
	if (read_folder(f, fd, "", e) != ERR_OK) {
		files_free(f);
		return NULL;
	}
	for (size_t i = 0; i < f->n; i++)
		tag(&f->list[i]);
	return f;
}

void files_free(struct files *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		free(f->list[i].data);
	free(f);
}

static const struct file *find(const struct files *f, const char *path, bool packed)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->list[i].path, path) == 0 && f->list[i].packed == packed)
			return &f->list[i];
	}
	return NULL;
}

/* A path without a dot is a page of the portal, which is one file. */
static const struct file *choose(const struct files *f, const char *path, bool takes_gzip)
{
	const struct file *file;

	if (!strchr(path, '.'))
		path = "/index.html";
	file = takes_gzip ? find(f, path, true) : NULL;
	return file ? file : find(f, path, false);
}

enum MHD_Result files_answer(const struct files *f, struct MHD_Connection *c, const char *path,
			     bool *ret_found)
{
	const char *takes = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Encoding");
	const char *has = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-None-Match");
	const struct file *file = f ? choose(f, path, takes && strstr(takes, "gzip")) : NULL;
	struct MHD_Response *r;
	enum MHD_Result rc;
	bool same;

	*ret_found = file;
	if (!file)
		return MHD_NO;
	same = has && strcmp(has, file->tag) == 0;
	r = MHD_create_response_from_buffer(same ? 0 : file->len, file->data,
					    MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, file->type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_ETAG, file->tag);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
	if (file->packed)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	security_headers(r);
	rc = MHD_queue_response(c, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return rc;
}
