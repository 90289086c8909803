//! Files that are written completely or not at all.

use std::io::{Result, Write};
use std::path::Path;

/// Replaces a file, or creates it. Creates the folder if it does not exist. A reader sees either
/// the old or the new content, even if the program is killed. Only the owner can read the file.
///
/// If the path is not a regular file, such as `/dev/stdout`, writes to the file and does not
/// replace it.
///
/// # Errors
/// Returns the error of the file system.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    if std::fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        return std::fs::write(path, content);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Only the owner can read a temporary file, and therefore also the final file.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_replaced_and_its_folder_is_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        for content in ["first", ""] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1, "no temporary file is left");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        fs::write(&path, "readable by everybody").unwrap();
        replace(&path, b"secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_path_that_is_not_a_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        replace(folder.path(), b"").unwrap_err();
        assert!(folder.path().is_dir());
    }
}
