//! What measurements on files of a script have in common.

/// Numbers row by row.
pub struct Matrix {
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub width: usize,
    /// The numbers of each row side by side.
    pub numbers: Vec<f64>,
}

impl Matrix {
    /// Read a file of rows and columns as u64, then f64 row by row.
    pub fn read(path: &str) -> Matrix {
        let bytes = std::fs::read(path).expect("a matrix");
        let numbers =
            bytes[16..].chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect();
        let whole = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
        Matrix { rows: whole(0), width: whole(8), numbers }
    }

    /// The same numbers by column.
    pub fn columns(&self) -> Vec<Vec<f64>> {
        (0..self.width).map(|c| (0..self.rows).map(|r| self.numbers[r * self.width + c]).collect()).collect()
    }
}
