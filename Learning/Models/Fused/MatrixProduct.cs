using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Product of two row-major matrices that lie in the caches: C = S + A B, in float32, for small and middling sizes (all sides below some
/// hundreds). A block of C stays in vector registers while the inner dimension runs, so each step of it costs one load per column
/// vector, one broadcast per row and one fused multiply-add per row and column vector (Goto and van de Geijn 2008, register blocking
/// alone: packing does not pay at these sizes).
/// </summary>
/// <remarks>
/// B, C and S may be read up to 15 values beyond the end of a row, so memory must go on that far behind the last one; nothing is
/// changed there. The order of summation depends on the sizes alone.
/// </remarks>
internal static unsafe class MatrixProduct
{
    private const int Lanes = 16;
    private const int WideColumns = 64;
    private const int WideRows = 6;
    private const int NarrowRows = 12;

    /// <summary>Whether the machine has vectors of 512 bits, without which other code is faster.</summary>
    public static bool IsSupported => Vector512.IsHardwareAccelerated;

    /// <summary>C = S + A B.</summary>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="columns">Columns of B and C.</param>
    /// <param name="inner">Columns of A, rows of B.</param>
    /// <param name="a">A; element (i, p) is at i * aRow + p * aInner, so a transposed matrix needs no copy.</param>
    /// <param name="aRow">Distance of A's rows.</param>
    /// <param name="aInner">Distance of A's columns.</param>
    /// <param name="b">B, contiguous within a row.</param>
    /// <param name="bRow">Distance of B's rows.</param>
    /// <param name="start">S: null for 0, a bias with <paramref name="startRow"/> 0, or C itself to add to it.</param>
    /// <param name="startRow">Distance of S's rows.</param>
    /// <param name="c">C, contiguous within a row.</param>
    /// <param name="cRow">Distance of C's rows.</param>
    public static void Multiply(
        int rows, int columns, int inner, float* a, int aRow, int aInner, float* b, int bRow, float* start, int startRow, float* c, int cRow)
    {
        int column = 0;
        for (; column + WideColumns <= columns; column += WideColumns)
        {
            float* s = start is null ? null : start + column;
            int row = 0;
            for (; row + WideRows <= rows; row += WideRows)
            {
                Block6x4(inner, a + row * aRow, aRow, aInner, b + column, bRow, At(s, row * startRow), startRow, c + row * cRow + column, cRow);
            }

            for (; row < rows; row++)
            {
                Block1x4(inner, a + row * aRow, aRow, aInner, b + column, bRow, At(s, row * startRow), startRow, c + row * cRow + column, cRow);
            }
        }

        for (; column < columns; column += Lanes)
        {
            float* s = start is null ? null : start + column;
            Vector512<float> mask = RowKernels.Tail(columns - column);
            int row = 0;
            for (; row + NarrowRows <= rows; row += NarrowRows)
            {
                Block12x1(inner, a + row * aRow, aRow, aInner, b + column, bRow, At(s, row * startRow), startRow, c + row * cRow + column, cRow, mask);
            }

            for (; row < rows; row++)
            {
                Block1x1(inner, a + row * aRow, aRow, aInner, b + column, bRow, At(s, row * startRow), startRow, c + row * cRow + column, cRow, mask);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* At(float* start, int offset) => start is null ? null : start + offset;

    // Stores the lanes of the mask and leaves the others as they are.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Blend(Vector512<float> mask, Vector512<float> value, float* c) =>
        Vector512.ConditionalSelect(mask, value, Vector512.Load(c)).Store(c);

    // 6 rows x 64 columns: 24 accumulators, 4 columns of B and 1 broadcast fill 29 of the 32 registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block6x4(
        int inner, float* a, int aRow, int aInner, float* b, int bRow, float* start, int startRow, float* c, int cRow)
    {
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default;
        Vector512<float> c10 = default, c11 = default, c12 = default, c13 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default, c23 = default;
        Vector512<float> c30 = default, c31 = default, c32 = default, c33 = default;
        Vector512<float> c40 = default, c41 = default, c42 = default, c43 = default;
        Vector512<float> c50 = default, c51 = default, c52 = default, c53 = default;
        if (start is not null)
        {
            c00 = Vector512.Load(start);
            c01 = Vector512.Load(start + 16);
            c02 = Vector512.Load(start + 32);
            c03 = Vector512.Load(start + 48);
            c10 = Vector512.Load(start + startRow);
            c11 = Vector512.Load(start + startRow + 16);
            c12 = Vector512.Load(start + startRow + 32);
            c13 = Vector512.Load(start + startRow + 48);
            c20 = Vector512.Load(start + 2 * startRow);
            c21 = Vector512.Load(start + 2 * startRow + 16);
            c22 = Vector512.Load(start + 2 * startRow + 32);
            c23 = Vector512.Load(start + 2 * startRow + 48);
            c30 = Vector512.Load(start + 3 * startRow);
            c31 = Vector512.Load(start + 3 * startRow + 16);
            c32 = Vector512.Load(start + 3 * startRow + 32);
            c33 = Vector512.Load(start + 3 * startRow + 48);
            c40 = Vector512.Load(start + 4 * startRow);
            c41 = Vector512.Load(start + 4 * startRow + 16);
            c42 = Vector512.Load(start + 4 * startRow + 32);
            c43 = Vector512.Load(start + 4 * startRow + 48);
            c50 = Vector512.Load(start + 5 * startRow);
            c51 = Vector512.Load(start + 5 * startRow + 16);
            c52 = Vector512.Load(start + 5 * startRow + 32);
            c53 = Vector512.Load(start + 5 * startRow + 48);
        }

        float* a1 = a + aRow;
        float* a2 = a + 2 * aRow;
        float* a3 = a + 3 * aRow;
        float* a4 = a + 4 * aRow;
        float* a5 = a + 5 * aRow;

        for (int p = 0; p < inner; p++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            Vector512<float> b2 = Vector512.Load(b + 32);
            Vector512<float> b3 = Vector512.Load(b + 48);
            long offset = (long)p * aInner;
            Vector512<float> v = Vector512.Create(a[offset]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, b1, c01);
            c02 = Vector512.FusedMultiplyAdd(v, b2, c02);
            c03 = Vector512.FusedMultiplyAdd(v, b3, c03);
            v = Vector512.Create(a1[offset]);
            c10 = Vector512.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(v, b1, c11);
            c12 = Vector512.FusedMultiplyAdd(v, b2, c12);
            c13 = Vector512.FusedMultiplyAdd(v, b3, c13);
            v = Vector512.Create(a2[offset]);
            c20 = Vector512.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(v, b1, c21);
            c22 = Vector512.FusedMultiplyAdd(v, b2, c22);
            c23 = Vector512.FusedMultiplyAdd(v, b3, c23);
            v = Vector512.Create(a3[offset]);
            c30 = Vector512.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(v, b1, c31);
            c32 = Vector512.FusedMultiplyAdd(v, b2, c32);
            c33 = Vector512.FusedMultiplyAdd(v, b3, c33);
            v = Vector512.Create(a4[offset]);
            c40 = Vector512.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(v, b1, c41);
            c42 = Vector512.FusedMultiplyAdd(v, b2, c42);
            c43 = Vector512.FusedMultiplyAdd(v, b3, c43);
            v = Vector512.Create(a5[offset]);
            c50 = Vector512.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(v, b1, c51);
            c52 = Vector512.FusedMultiplyAdd(v, b2, c52);
            c53 = Vector512.FusedMultiplyAdd(v, b3, c53);
            b += bRow;
        }

        c00.Store(c);
        c01.Store(c + 16);
        c02.Store(c + 32);
        c03.Store(c + 48);
        c10.Store(c + cRow);
        c11.Store(c + cRow + 16);
        c12.Store(c + cRow + 32);
        c13.Store(c + cRow + 48);
        c20.Store(c + 2 * cRow);
        c21.Store(c + 2 * cRow + 16);
        c22.Store(c + 2 * cRow + 32);
        c23.Store(c + 2 * cRow + 48);
        c30.Store(c + 3 * cRow);
        c31.Store(c + 3 * cRow + 16);
        c32.Store(c + 3 * cRow + 32);
        c33.Store(c + 3 * cRow + 48);
        c40.Store(c + 4 * cRow);
        c41.Store(c + 4 * cRow + 16);
        c42.Store(c + 4 * cRow + 32);
        c43.Store(c + 4 * cRow + 48);
        c50.Store(c + 5 * cRow);
        c51.Store(c + 5 * cRow + 16);
        c52.Store(c + 5 * cRow + 32);
        c53.Store(c + 5 * cRow + 48);
    }

    // 1 row x 64 columns, for the rows that are left over.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block1x4(
        int inner, float* a, int aRow, int aInner, float* b, int bRow, float* start, int startRow, float* c, int cRow)
    {
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default;
        if (start is not null)
        {
            c00 = Vector512.Load(start);
            c01 = Vector512.Load(start + 16);
            c02 = Vector512.Load(start + 32);
            c03 = Vector512.Load(start + 48);
        }

        for (int p = 0; p < inner; p++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            Vector512<float> b2 = Vector512.Load(b + 32);
            Vector512<float> b3 = Vector512.Load(b + 48);
            long offset = (long)p * aInner;
            Vector512<float> v = Vector512.Create(a[offset]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, b1, c01);
            c02 = Vector512.FusedMultiplyAdd(v, b2, c02);
            c03 = Vector512.FusedMultiplyAdd(v, b3, c03);
            b += bRow;
        }

        c00.Store(c);
        c01.Store(c + 16);
        c02.Store(c + 32);
        c03.Store(c + 48);
    }

    // 12 rows x 16 columns, of which the mask's are stored.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block12x1(
        int inner, float* a, int aRow, int aInner, float* b, int bRow, float* start, int startRow, float* c, int cRow, Vector512<float> mask)
    {
        Vector512<float> c00 = default;
        Vector512<float> c10 = default;
        Vector512<float> c20 = default;
        Vector512<float> c30 = default;
        Vector512<float> c40 = default;
        Vector512<float> c50 = default;
        Vector512<float> c60 = default;
        Vector512<float> c70 = default;
        Vector512<float> c80 = default;
        Vector512<float> c90 = default;
        Vector512<float> cA0 = default;
        Vector512<float> cB0 = default;
        if (start is not null)
        {
            c00 = Vector512.Load(start);
            c10 = Vector512.Load(start + startRow);
            c20 = Vector512.Load(start + 2 * startRow);
            c30 = Vector512.Load(start + 3 * startRow);
            c40 = Vector512.Load(start + 4 * startRow);
            c50 = Vector512.Load(start + 5 * startRow);
            c60 = Vector512.Load(start + 6 * startRow);
            c70 = Vector512.Load(start + 7 * startRow);
            c80 = Vector512.Load(start + 8 * startRow);
            c90 = Vector512.Load(start + 9 * startRow);
            cA0 = Vector512.Load(start + 10 * startRow);
            cB0 = Vector512.Load(start + 11 * startRow);
        }

        float* a1 = a + aRow;
        float* a2 = a + 2 * aRow;
        float* a3 = a + 3 * aRow;
        float* a4 = a + 4 * aRow;
        float* a5 = a + 5 * aRow;
        float* a6 = a + 6 * aRow;
        float* a7 = a + 7 * aRow;
        float* a8 = a + 8 * aRow;
        float* a9 = a + 9 * aRow;
        float* aA = a + 10 * aRow;
        float* aB = a + 11 * aRow;

        for (int p = 0; p < inner; p++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            long offset = (long)p * aInner;
            Vector512<float> v = Vector512.Create(a[offset]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            v = Vector512.Create(a1[offset]);
            c10 = Vector512.FusedMultiplyAdd(v, b0, c10);
            v = Vector512.Create(a2[offset]);
            c20 = Vector512.FusedMultiplyAdd(v, b0, c20);
            v = Vector512.Create(a3[offset]);
            c30 = Vector512.FusedMultiplyAdd(v, b0, c30);
            v = Vector512.Create(a4[offset]);
            c40 = Vector512.FusedMultiplyAdd(v, b0, c40);
            v = Vector512.Create(a5[offset]);
            c50 = Vector512.FusedMultiplyAdd(v, b0, c50);
            v = Vector512.Create(a6[offset]);
            c60 = Vector512.FusedMultiplyAdd(v, b0, c60);
            v = Vector512.Create(a7[offset]);
            c70 = Vector512.FusedMultiplyAdd(v, b0, c70);
            v = Vector512.Create(a8[offset]);
            c80 = Vector512.FusedMultiplyAdd(v, b0, c80);
            v = Vector512.Create(a9[offset]);
            c90 = Vector512.FusedMultiplyAdd(v, b0, c90);
            v = Vector512.Create(aA[offset]);
            cA0 = Vector512.FusedMultiplyAdd(v, b0, cA0);
            v = Vector512.Create(aB[offset]);
            cB0 = Vector512.FusedMultiplyAdd(v, b0, cB0);
            b += bRow;
        }

        Blend(mask, c00, c);
        Blend(mask, c10, c + cRow);
        Blend(mask, c20, c + 2 * cRow);
        Blend(mask, c30, c + 3 * cRow);
        Blend(mask, c40, c + 4 * cRow);
        Blend(mask, c50, c + 5 * cRow);
        Blend(mask, c60, c + 6 * cRow);
        Blend(mask, c70, c + 7 * cRow);
        Blend(mask, c80, c + 8 * cRow);
        Blend(mask, c90, c + 9 * cRow);
        Blend(mask, cA0, c + 10 * cRow);
        Blend(mask, cB0, c + 11 * cRow);
    }

    // 1 row x 16 columns, of which the mask's are stored.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block1x1(
        int inner, float* a, int aRow, int aInner, float* b, int bRow, float* start, int startRow, float* c, int cRow, Vector512<float> mask)
    {
        Vector512<float> c00 = default;
        if (start is not null)
        {
            c00 = Vector512.Load(start);
        }

        for (int p = 0; p < inner; p++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            long offset = (long)p * aInner;
            Vector512<float> v = Vector512.Create(a[offset]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            b += bRow;
        }

        Blend(mask, c00, c);
    }
}
