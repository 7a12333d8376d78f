using SkiaSharp;

namespace OrleansDDM.Learning.Imaging;

/// <summary>An RGBA picture in memory that images and captions are drawn on.</summary>
internal sealed class Canvas
{
    private static readonly byte[] Ink = [0x20, 0x20, 0x20];

    private readonly byte[] _pixels;
    private readonly int _width;
    private readonly int _height;

    /// <summary>Creates a white picture.</summary>
    /// <exception cref="ArgumentException">It has more than 2^28 pixels.</exception>
    internal Canvas(long width, long height)
    {
        if (width < 1 || height < 1 || width * height > 1 << 28)
        {
            throw new ArgumentException($"A picture of {width} x {height} pixels cannot be drawn; show fewer images or a smaller scale.");
        }

        (_width, _height) = ((int)width, (int)height);
        _pixels = new byte[4 * _width * _height];
        Array.Fill(_pixels, (byte)0xFF);
    }

    /// <summary>Draws an image in [-1, 1], each pixel as a square of <paramref name="scale"/>; values outside are clipped.</summary>
    internal void Image(ReadOnlySpan<float> image, int channels, int height, int width, int left, int top, int scale)
    {
        Span<byte> colour = stackalloc byte[3];
        int plane = height * width;
        for (int i = 0; i < plane; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                float value = image[((channels == 1 ? 0 : c) * plane) + i];
                colour[c] = (byte)MathF.Round((Math.Clamp(value, -1, 1) + 1) * 127.5f);
            }

            Square(left + (i % width * scale), top + (i / width * scale), scale, colour);
        }
    }

    /// <summary>Draws one line of text in the built-in font.</summary>
    internal void Text(string text, int left, int top, int scale)
    {
        for (int i = 0; i < text.Length; i++)
        {
            for (int p = 0; p < (PixelFont.Advance - 1) * PixelFont.Height; p++)
            {
                (int y, int x) = Math.DivRem(p, PixelFont.Advance - 1);
                if (PixelFont.Ink(text[i], x, y))
                {
                    Square(left + (((i * PixelFont.Advance) + x) * scale), top + (y * scale), scale, Ink);
                }
            }
        }
    }

    /// <summary>The picture as a PNG file.</summary>
    internal unsafe byte[] Png()
    {
        fixed (byte* pixels = _pixels)
        {
            using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(_width, _height, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)pixels)
                ?? throw new InvalidOperationException("The picture could not be made.");
            using SKData data = image.Encode(SKEncodedImageFormat.Png, 100) ?? throw new InvalidOperationException("The picture could not be encoded as PNG.");
            return data.ToArray();
        }
    }

    private void Square(int left, int top, int size, ReadOnlySpan<byte> colour)
    {
        for (int y = top; y < Math.Min(top + size, _height); y++)
        {
            for (int x = left; x < Math.Min(left + size, _width); x++)
            {
                colour.CopyTo(_pixels.AsSpan(4 * ((y * _width) + x)));
            }
        }
    }
}
