/* Gathers rows of bytes, cuts windows from them, mirrors and scales them, in one pass.
 *
 * What it computes is what NumPy computes, bit for bit: a byte as a 32-bit float, times a 32-bit
 * scale, plus a 32-bit shift, each rounded. `fuel/_streams/_pending.py` calls it, and does without
 * it where it could not be compiled.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <stdint.h>
#include <string.h>

#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "products of 32-bit floats are not rounded to 32 bits here, as NumPy's are"
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define INLINE static inline
#define PREFETCH(address) ((void)0)
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>
#define WITH_AVX2
#endif

enum {
    CACHE_LINE = 64, /* bytes */
    AHEAD = 1,       /* pictures, from when a row is asked for to when it is used */
    LARGE = 1 << 20, /* bytes of a result that is in no fast cache, so that it is asked for too */
    SOON = 1024,     /* bytes of it, from when they are asked for to when they are written */
    MOST = 4096,     /* bytes of it that are asked for at once */
};

/* Pictures (planes, height, width) of bytes, and which part of which of them is wanted.
 *
 * rows: which pictures; top, left: the corner of each one's window, NULL for 0; across, down:
 * whether each is mirrored left to right and top to bottom, NULL for not. Windows are (h, w).
 */
typedef struct {
    const uint8_t *pictures;
    const int64_t *rows, *top, *left;
    const uint8_t *across, *down;
    Py_ssize_t count, planes, height, width, h, w;
} Wanted;

INLINE const uint8_t *corner(const Wanted *wanted, Py_ssize_t number) {
    Py_ssize_t top = wanted->top ? (Py_ssize_t)wanted->top[number] : 0;
    Py_ssize_t left = wanted->left ? (Py_ssize_t)wanted->left[number] : 0;
    Py_ssize_t row = (Py_ssize_t)wanted->rows[number];
    return wanted->pictures + (row * wanted->planes * wanted->height + top) * wanted->width + left;
}

/* Ask for bytes that will be needed soon. Rows are asked for one by one, beside the work on others;
 * all at once would be more than memory takes requests for, and stop that work.
 */
INLINE void prefetch_at(uintptr_t address, Py_ssize_t length) {
    for (Py_ssize_t at = 0; at < length; at += CACHE_LINE) PREFETCH((const void *)(address + at));
}

INLINE void prefetch(const uint8_t *bytes, Py_ssize_t length) {
    prefetch_at((uintptr_t)bytes, length);
}

/* Times a scale, plus a shift; that is -0 if there is none, for to add 0 would make 0 of -0. */
typedef struct {
    float scale, shift;
} Affine;

/* Bytes as floats, scaled and shifted; from the last to the first if they are to be mirrored. */
typedef void Convert(const uint8_t *in, Py_ssize_t n, int mirrored, Affine affine, float *out);

INLINE void convert(const uint8_t *in, Py_ssize_t n, int mirrored, Affine affine, float *out) {
    for (Py_ssize_t i = 0; i < n; i++)
        out[i] = (float)in[mirrored ? n - 1 - i : i] * affine.scale + affine.shift;
}

#ifdef WITH_AVX2
#define AVX2 __attribute__((target("avx2")))

AVX2 INLINE void convert_eight(const uint8_t *in, int mirrored, Affine affine, float *out) {
    const __m128i backwards = _mm_set_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    __m128i bytes = _mm_loadl_epi64((const __m128i *)in);
    if (mirrored) bytes = _mm_shuffle_epi8(bytes, backwards);
    __m256 floats = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
    floats = _mm256_mul_ps(floats, _mm256_set1_ps(affine.scale));
    _mm256_storeu_ps(out, _mm256_add_ps(floats, _mm256_set1_ps(affine.shift)));
}

AVX2 INLINE void convert_avx2(
    const uint8_t *in, Py_ssize_t n, int mirrored, Affine affine, float *out
) {
    Py_ssize_t last = n - 8;
    if (last < 0) {
        convert(in, n, mirrored, affine, out);
        return;
    }
    for (Py_ssize_t i = 0; i < last; i += 8)
        convert_eight(in + (mirrored ? last - i : i), mirrored, affine, out + i);
    convert_eight(in + (mirrored ? 0 : last), mirrored, affine, out + last); /* some of it again */
}
#endif

/* One picture; whether it is mirrored left to right is known when this is compiled. */
INLINE void convert_picture(
    Convert *convert_row, const Wanted *wanted, Py_ssize_t i, int across, Affine affine, float *out
) {
    Py_ssize_t h = wanted->h, w = wanted->w, width = wanted->width, size = wanted->height * width;
    Py_ssize_t planes = wanted->planes, written = w * (Py_ssize_t)sizeof *out;
    int is_large = wanted->count * planes * h * written > LARGE;
    int down = wanted->down && wanted->down[i], more = i + AHEAD < wanted->count;
    const uint8_t *plane = corner(wanted, i), *ahead = corner(wanted, more ? i + AHEAD : i);
    for (Py_ssize_t p = 0; p < planes; p++, plane += size, ahead += size) {
        for (Py_ssize_t y = 0; y < h; y++, out += w) {
            if (more) prefetch(ahead + y * width, w);
            if (is_large) prefetch_at((uintptr_t)out + SOON, written < MOST ? written : MOST);
            convert_row(plane + (down ? h - 1 - y : y) * width, w, across, affine, out);
        }
    }
}

INLINE void write_floats_by(
    Convert *convert_row, const Wanted *wanted, Affine affine, float *out
) {
    Py_ssize_t size = wanted->planes * wanted->h * wanted->w;
    for (Py_ssize_t i = 0; i < wanted->count; i++, out += size) {
        if (wanted->across && wanted->across[i])
            convert_picture(convert_row, wanted, i, 1, affine, out);
        else
            convert_picture(convert_row, wanted, i, 0, affine, out);
    }
}

#ifdef WITH_AVX2
AVX2 static void write_floats_avx2(const Wanted *wanted, Affine affine, float *out) {
    write_floats_by(convert_avx2, wanted, affine, out);
}
#endif

static void write_floats(const Wanted *wanted, Affine affine, float *out) {
#ifdef WITH_AVX2
    if (__builtin_cpu_supports("avx2")) {
        write_floats_avx2(wanted, affine, out);
        return;
    }
#endif
    write_floats_by(convert, wanted, affine, out);
}

/* Eight bytes from the last to the first, in a way that compilers know. */
INLINE uint64_t swapped(uint64_t bytes) {
    const uint64_t ones = 0x00ff00ff00ff00ffU, twos = 0x0000ffff0000ffffU;
    bytes = (bytes >> 8 & ones) | (bytes & ones) << 8;
    bytes = (bytes >> 16 & twos) | (bytes & twos) << 16;
    return bytes >> 32 | bytes << 32;
}

INLINE void mirror(const uint8_t *in, Py_ssize_t n, uint8_t *out) {
    Py_ssize_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t bytes;
        memcpy(&bytes, in + n - 8 - i, 8);
        bytes = swapped(bytes);
        memcpy(out + i, &bytes, 8);
    }
    for (; i < n; i++) out[i] = in[n - 1 - i];
}

static void write_bytes(const Wanted *wanted, uint8_t *out) {
    Py_ssize_t h = wanted->h, w = wanted->w, width = wanted->width, size = wanted->height * width;
    for (Py_ssize_t i = 0; i < wanted->count; i++) {
        const uint8_t *plane = corner(wanted, i);
        int more = i + AHEAD < wanted->count;
        const uint8_t *ahead = corner(wanted, more ? i + AHEAD : i);
        int across = wanted->across && wanted->across[i], down = wanted->down && wanted->down[i];
        for (Py_ssize_t p = 0; p < wanted->planes; p++, plane += size, ahead += size) {
            for (Py_ssize_t y = 0; y < h; y++, out += w) {
                if (more) prefetch(ahead + y * width, w);
                const uint8_t *row = plane + (down ? h - 1 - y : y) * width;
                if (across)
                    mirror(row, w, out);
                else
                    memcpy(out, row, w);
            }
        }
    }
}

typedef struct {
    Py_buffer pictures, rows, top, left, across, down, out;
} Buffers;

static void release(Buffers *buffers) {
    Py_buffer *all[] = {&buffers->pictures, &buffers->rows, &buffers->top, &buffers->left,
                        &buffers->across, &buffers->down, &buffers->out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) PyBuffer_Release(all[i]);
}

/* Whether a buffer has one element for each of `count` pictures, or is not there. */
static int is_for_each(const Py_buffer *buffer, Py_ssize_t count, Py_ssize_t size) {
    return buffer->buf == NULL || buffer->len == count * size;
}

static int are_all_within(const int64_t *values, Py_ssize_t count, Py_ssize_t limit) {
    for (Py_ssize_t i = 0; values != NULL && i < count; i++)
        if (values[i] < 0 || values[i] >= limit) return 0;
    return 1;
}

/* NULL, or what is wrong: nothing outside of the buffers may be touched, whatever the caller says;
 * as long as no other thread changes the numbers in them meanwhile, for which callers give copies.
 */
static const char *problem(const Wanted *wanted, const Buffers *buffers, Py_ssize_t item_size) {
    Py_ssize_t count = wanted->count, planes = wanted->planes, room = PY_SSIZE_T_MAX / 8;
    if (planes < 1 || wanted->h < 1 || wanted->w < 1) return "a picture has no pixels";
    if (wanted->h > wanted->height || wanted->w > wanted->width) return "a window is too large";
    if (wanted->height > room / wanted->width) return "a picture is too large";
    if (planes > room / (wanted->height * wanted->width)) return "a picture is too large";
    if (buffers->rows.len != count * 8 || !is_for_each(&buffers->top, count, 8) ||
        !is_for_each(&buffers->left, count, 8) || !is_for_each(&buffers->across, count, 1) ||
        !is_for_each(&buffers->down, count, 1))
        return "there must be as many of everything as of rows";
    Py_ssize_t pixels = planes * wanted->h * wanted->w;
    if (count > room / pixels || buffers->out.len != count * pixels * item_size)
        return "the result has another size";
    if (!are_all_within(
            wanted->rows, count, buffers->pictures.len / (planes * wanted->height * wanted->width)
        ))
        return "a row is outside of the data";
    if (!are_all_within(wanted->top, count, wanted->height - wanted->h + 1) ||
        !are_all_within(wanted->left, count, wanted->width - wanted->w + 1))
        return "a window is outside of its picture";
    return NULL;
}

static PyObject *gather(PyObject *arguments, int as_floats) {
    Buffers buffers;
    Wanted wanted;
    float scale = 1;
    double shift = 0;
    memset(&buffers, 0, sizeof buffers);
    if (!PyArg_ParseTuple(
            arguments, as_floats ? "y*y*(nnn)(nn)z*z*z*z*w*fd" : "y*y*(nnn)(nn)z*z*z*z*w*",
            &buffers.pictures, &buffers.rows, &wanted.planes, &wanted.height, &wanted.width,
            &wanted.h, &wanted.w, &buffers.top, &buffers.left, &buffers.across, &buffers.down,
            &buffers.out, &scale, &shift
        ))
        return NULL;
    wanted.pictures = buffers.pictures.buf;
    wanted.rows = buffers.rows.buf;
    wanted.top = buffers.top.buf;
    wanted.left = buffers.left.buf;
    wanted.across = buffers.across.buf;
    wanted.down = buffers.down.buf;
    wanted.count = buffers.rows.len / 8;
    Affine affine = {scale, shift != 0 ? (float)shift : -0.0f};
    const char *wrong = problem(&wanted, &buffers, as_floats ? sizeof(float) : 1);
    if (wrong == NULL) {
        Py_BEGIN_ALLOW_THREADS
        if (as_floats)
            write_floats(&wanted, affine, buffers.out.buf);
        else
            write_bytes(&wanted, buffers.out.buf);
        Py_END_ALLOW_THREADS
    }
    release(&buffers);
    if (wrong != NULL) {
        PyErr_SetString(PyExc_ValueError, wrong);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *gather_bytes(PyObject *module, PyObject *arguments) {
    (void)module;
    return gather(arguments, 0);
}

static PyObject *gather_floats(PyObject *module, PyObject *arguments) {
    (void)module;
    return gather(arguments, 1);
}

static PyMethodDef functions[] = {
    {"gather_bytes", gather_bytes, METH_VARARGS,
     "gather_bytes(pictures, rows, (planes, height, width), (window height, window width),\n"
     "             tops, lefts, across, down, out)\n\n"
     "Write windows of bytes from pictures[rows] to out."},
    {"gather_floats", gather_floats, METH_VARARGS,
     "gather_floats(..., out, scale, shift)\n\n"
     "As gather_bytes, as 32-bit floats times a scale plus a shift."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fuel._native",
    .m_doc = "Batches of bytes gathered, cut, mirrored and scaled in one pass.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
