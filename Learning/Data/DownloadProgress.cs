namespace OrleansDDM.Learning.Data;

/// <summary>How far a download is.</summary>
/// <param name="File">File name.</param>
/// <param name="Bytes">Bytes there, those of an earlier try included.</param>
/// <param name="Length">Bytes in all.</param>
/// <param name="Verified">The file is complete and its SHA-256 is the official one.</param>
public readonly record struct DownloadProgress(string File, long Bytes, long Length, bool Verified);
