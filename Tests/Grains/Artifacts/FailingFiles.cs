using OrleansDDM.Grains.Artifacts;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>A disk that fails as it is told.</summary>
internal sealed class FailingFiles : IFileLayer
{
    private const int NoSpace = 28;
    private const int BadSector = 5;

    private readonly DiskFiles _files = new();

    /// <summary>Bytes that still fit; null = any number.</summary>
    public long? Space { get; set; }

    /// <summary>Whether files whose name has this text cannot be read.</summary>
    public string? Unreadable { get; set; }

    /// <summary>The error with which they cannot be read.</summary>
    public int ReadError { get; set; } = BadSector;

    /// <summary>Whether this process may not make files.</summary>
    public bool Forbids { get; set; }

    /// <summary>How often somebody asked whether there is a file.</summary>
    public int Looks { get; private set; }

    /// <summary>Whether nothing can be flushed.</summary>
    public bool FailsToFlush { get; set; }

    public bool Exists(string path)
    {
        Looks++;
        return _files.Exists(path);
    }

    public Stream OpenRead(string path) => Unreadable is { } text && path.Contains(text, StringComparison.Ordinal)
        ? throw new IOException("Input/output error", ReadError)
        : _files.OpenRead(path);

    public Stream Create(string path) => Forbids ? throw new UnauthorizedAccessException("Access is denied.") : new Limited(this, (FileStream)_files.Create(path));

    public void Flush(Stream stream)
    {
        if (FailsToFlush)
        {
            throw new IOException("Input/output error", BadSector);
        }

        _files.Flush(((Limited)stream).Inner);
    }

    public void Move(string from, string to) => _files.Move(from, to);

    public void Delete(string path) => _files.Delete(path);

    public IEnumerable<string> Files(string folder) => _files.Files(folder);

    public void CreateFolder(string path) => _files.CreateFolder(path);

    private sealed class Limited(FailingFiles disk, FileStream inner) : Stream
    {
        public FileStream Inner => inner;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (disk.Space is { } space)
            {
                // As a real disk: what fits is written.
                int fits = (int)Math.Min(space, count);
                inner.Write(buffer, offset, fits);
                disk.Space = space - fits;
                if (fits < count)
                {
                    throw new IOException("No space left on device", NoSpace);
                }

                return;
            }

            inner.Write(buffer, offset, count);
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
